"""What staff see of campaigns, and what the public sees of events: plans, guests, invitations; registration on a phone."""

from campaigns.pages import lead_rule

CONTROLLERS = tuple(controller for room in (lead_rule,) for controller in room.CONTROLLERS)
