"""What staff see of campaigns, and what the public sees of events: plans, guests, invitations; registration on a phone."""

from litestar import Controller

from campaigns.pages import arrangement, campaign, campaigns, channels, goals, links, plan

CONTROLLERS: tuple[type[Controller], ...] = (
    *campaigns.CONTROLLERS,
    *campaign.CONTROLLERS,
    *plan.CONTROLLERS,
    *arrangement.CONTROLLERS,
    *goals.CONTROLLERS,
    *channels.CONTROLLERS,
    *links.CONTROLLERS,
)
