"""From a form to a dealer's answer: the rows beneath, by subject.

An interest is the unit that is held, routed and offered; what a lead as a whole is up to is derived from its interests.
"""

from leads.tables.capture import (
    Hold,
    Import,
    ImportRow,
    Interest,
    InterestKind,
    Lead,
    RawPayload,
    Stage,
    Submission,
    TradeIn,
    UndoneInterest,
)
from leads.tables.desk import Bulk, BulkRow, ImportFile, PolicyDraft, Recheck, Simulation
from leads.tables.fan_out import FanOut, FanOutWish
from leads.tables.offers import (
    AllianceTask,
    DealerCounter,
    Disposition,
    DispositionKind,
    JoinedOffer,
    Offer,
    OfferEvent,
    Reason,
    Receipt,
    RoutingPolicy,
)

__all__ = [
    "AllianceTask",
    "Bulk",
    "BulkRow",
    "DealerCounter",
    "Disposition",
    "DispositionKind",
    "FanOut",
    "FanOutWish",
    "Hold",
    "Import",
    "ImportFile",
    "ImportRow",
    "Interest",
    "InterestKind",
    "JoinedOffer",
    "Lead",
    "Offer",
    "OfferEvent",
    "PolicyDraft",
    "RawPayload",
    "Reason",
    "Receipt",
    "Recheck",
    "RoutingPolicy",
    "Simulation",
    "Stage",
    "Submission",
    "TradeIn",
    "UndoneInterest",
]
