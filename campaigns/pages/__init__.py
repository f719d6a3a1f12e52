"""What staff see of campaigns, and what the public sees of events: plans, guests, invitations; registration on a phone."""

from campaigns.pages import (
    arrangement,
    audiences,
    campaign,
    campaigns,
    channels,
    contact_rules,
    events,
    goals,
    guest,
    guest_work,
    guests,
    invitations,
    lead_rule,
    links,
    mailing_work,
    message_links,
    plan,
    registration,
    slots,
    wordings,
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
        slots,
        guests,
        guest_work,
        invitations,
        mailing_work,
        audiences,
        wordings,
        contact_rules,
        links,
        registration,
        guest,
        message_links,
    )
    for controller in room.CONTROLLERS
)
