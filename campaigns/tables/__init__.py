"""Joint work between brands and what came of it: the rows beneath, by subject.

Promises that a table can keep (one partner per brand, no place given twice) are constraints in the migrations, never only code.
"""

from campaigns.tables.events import Booking, Booth, Event, FormTry, GuestMessage, Registration, RegistrationWish, Slot
from campaigns.tables.invitations import (
    Audience,
    ContactRule,
    ContactStop,
    ContactUse,
    HookCall,
    Mailing,
    Message,
    MessageTemplate,
    SenderPulse,
    SentSample,
)
from campaigns.tables.ledgers import Milestone, MilestoneKind, Touchpoint, TouchpointKind
from campaigns.tables.planning import ArrangementVersion, Campaign, Channel, Goal, Partner, PartnerAnswer

__all__ = [
    "ArrangementVersion",
    "Audience",
    "Booking",
    "Booth",
    "Campaign",
    "Channel",
    "ContactRule",
    "ContactStop",
    "ContactUse",
    "Event",
    "FormTry",
    "Goal",
    "GuestMessage",
    "HookCall",
    "Mailing",
    "Message",
    "MessageTemplate",
    "Milestone",
    "MilestoneKind",
    "Partner",
    "PartnerAnswer",
    "Registration",
    "RegistrationWish",
    "SenderPulse",
    "SentSample",
    "Slot",
    "Touchpoint",
    "TouchpointKind",
]
