"""What staff see of campaigns, and what the public sees of events: plans, guests, invitations; registration on a phone."""

from litestar import Controller

CONTROLLERS: tuple[type[Controller], ...] = ()
