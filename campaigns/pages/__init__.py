"""What staff see of campaigns, and what the public sees of events: plans, guests, invitations; registration on a phone."""

from campaigns.pages import arrangement, campaign, campaigns, channels, goals, lead_rule, links, plan

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
        links,
    )
    for controller in room.CONTROLLERS
)
