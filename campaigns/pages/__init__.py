"""What staff see of campaigns, and what the public sees of events: plans, guests, invitations; registration on a phone."""

from litestar import Controller

from campaigns.pages import events, guest, guest_work, guests, registration, slots

CONTROLLERS: tuple[type[Controller], ...] = (
    *registration.CONTROLLERS,
    *guest.CONTROLLERS,
    *events.CONTROLLERS,
    *slots.CONTROLLERS,
    *guests.CONTROLLERS,
    *guest_work.CONTROLLERS,
)
