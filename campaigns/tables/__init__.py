"""Joint work between brands and what came of it: the rows beneath, by subject.

Promises that a table can keep (one partner per brand, no place given twice) are constraints in the migrations, never only code.
"""

from campaigns.tables.events import Booking, Booth, Event, FormTry, GuestMessage, Registration, RegistrationWish, Slot
from campaigns.tables.ledgers import Milestone, MilestoneKind, Touchpoint, TouchpointKind
from campaigns.tables.planning import Campaign, Channel, Partner

__all__ = [
    "Booking",
    "Booth",
    "Campaign",
    "Channel",
    "Event",
    "FormTry",
    "GuestMessage",
    "Milestone",
    "MilestoneKind",
    "Partner",
    "Registration",
    "RegistrationWish",
    "Slot",
    "Touchpoint",
    "TouchpointKind",
]
