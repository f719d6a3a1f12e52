"""What staff see of campaigns, and what the public sees of events: plans, guests, invitations; registration on a phone."""

from campaigns.pages import (
    arrangement,
    campaign,
    campaigns,
    channels,
    events,
    goals,
    guest,
    guests,
    lead_rule,
    links,
    plan,
    registration,
)

CONTROLLERS = tuple(
    controller
    for room in (
        campaigns,
        campaign,
        plan,
        arrangement,
        goals,
        channels,
        lead_rule,
        events,
        guests,
        links,
        registration,
        guest,
    )
    for controller in room.CONTROLLERS
)
