"""Joint work between brands and what came of it: the rows beneath, by subject.

Promises that a table can keep (one partner per brand, no place given twice) are constraints in the migrations, never only code.
"""

from campaigns.tables.events import Booking, Booth, Event, FormTry, GuestMessage, Registration, RegistrationWish, Slot
from campaigns.tables.ledgers import Milestone, MilestoneKind, Touchpoint, TouchpointKind
from campaigns.tables.planning import ArrangementVersion, Campaign, Channel, Goal, Partner, PartnerAnswer

__all__ = [
    "ArrangementVersion",
    "Booking",
    "Booth",
    "Campaign",
    "Channel",
    "Event",
    "FormTry",
    "Goal",
    "GuestMessage",
    "Milestone",
    "MilestoneKind",
    "Partner",
    "PartnerAnswer",
    "Registration",
    "RegistrationWish",
    "Slot",
    "Touchpoint",
    "TouchpointKind",
]
