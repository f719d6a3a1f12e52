"""What staff see of campaigns, and what the public sees of events: plans, guests, invitations; registration on a phone."""

from litestar import Controller

from campaigns.pages import audiences, contact_rules, invitations, mailing_work, message_links, wordings

CONTROLLERS: tuple[type[Controller], ...] = (
    *invitations.CONTROLLERS,
    *mailing_work.CONTROLLERS,
    *audiences.CONTROLLERS,
    *wordings.CONTROLLERS,
    *contact_rules.CONTROLLERS,
    *message_links.CONTROLLERS,
)
