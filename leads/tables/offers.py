"""What was offered to whom, why, and what came of it."""

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    Boolean,
    Bytea,
    ForeignKey,
    Integer,
    OnDelete,
    Serial,
    SmallInt,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from crm.tables import Brand, Dealer, Staff, Store
from crm.tables.light import Light
from leads.tables.capture import Interest


class RoutingPolicy(Table, tablename="routing_policy"):
    """How one brand's leads find their store; a version is data and never changes, a new one takes over from a moment on."""

    id: Serial
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    version = Integer(default=None)
    data = JSONB(default=None)
    active_from = Timestamptz(default=None)
    active_until = Timestamptz(default=None, null=True)
    author = ForeignKey(Staff, on_delete=OnDelete.restrict, null=True, default=None)
    note = Varchar(length=400, default=None, null=True)


class Receipt(Light, Table, tablename="receipt"):
    """Why this store: everything one decision knew, so that it can be read and replayed. `outcome` is offered, alliance_queue or a hold."""

    id = UUID(primary_key=True, default=None)
    interest = ForeignKey(Interest, on_delete=OnDelete.restrict, null=False)
    policy = ForeignKey(RoutingPolicy, on_delete=OnDelete.restrict, null=False)
    network_version = BigInt(default=None)
    outcome = Varchar(length=20, default=None)
    tier = Varchar(length=20, default=None, null=True)
    pool_key = Bytea(default=None, null=True)
    inputs = JSONB(default=None)
    pool = JSONB(default=None)
    others = JSONB(default=None)
    refused = JSONB(default=None)
    winner = ForeignKey(Store, on_delete=OnDelete.restrict, null=True, default=None)
    basis = Varchar(length=20, default=None)
    decided_at = Timestamptz(default=None)


class Offer(Light, Table, tablename="offer"):
    """An interest offered to a store until a deadline; `state` is offered, accepted, refused, expired or withdrawn.

    `note` seals what the store wrote when it refused. Of an accepted one, `said` is the kind of the last disposition and `call_due_at` when
    the person is to be called next: the verbs that change either keep them.
    """

    id = UUID(primary_key=True, default=None)
    interest = ForeignKey(Interest, on_delete=OnDelete.restrict, null=False)
    store = ForeignKey(Store, on_delete=OnDelete.restrict, null=False)
    dealer = ForeignKey(Dealer, on_delete=OnDelete.restrict, null=False)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    receipt = ForeignKey(Receipt, on_delete=OnDelete.restrict, null=False)
    basis = Varchar(length=20, default=None)
    state = Varchar(length=10, default=None)
    offered_at = Timestamptz(default=None)
    answer_due_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    accepted_at = Timestamptz(default=None, null=True)
    ended_at = Timestamptz(default=None, null=True)
    reason = Varchar(length=40, default=None, null=True)
    note = Bytea(default=None, null=True)
    version = Integer(default=1)
    said = Varchar(length=20, default=None, null=True)
    call_due_at = Timestamptz(default=None, null=True)


class JoinedOffer(Light, Table, tablename="joined_offer"):
    """A repeat enquiry that shared an open offer of the same person and brand; it stays when the offer has ended, as what was asked."""

    id = UUID(primary_key=True, default=None)
    interest = ForeignKey(Interest, on_delete=OnDelete.restrict, null=False)
    offer = ForeignKey(Offer, on_delete=OnDelete.restrict, null=False)
    basis = Varchar(length=20, default=None)
    at = Timestamptz(default=None)


class OfferEvent(Light, Table, tablename="offer_event"):
    """One line of a dealer's feed; `seq` counts without a gap per dealer."""

    id = UUID(primary_key=True, default=None)
    dealer = ForeignKey(Dealer, on_delete=OnDelete.restrict, null=False)
    seq = BigInt(default=None)
    offer = ForeignKey(Offer, on_delete=OnDelete.restrict, null=False)
    type = Varchar(length=20, default=None)
    at = Timestamptz(default=None)


class DealerCounter(Table, tablename="dealer_counter"):
    """The last `seq` of a dealer's feed; its row lock is taken last in a transaction, in the order of dealers."""

    id: Serial
    dealer = ForeignKey(Dealer, on_delete=OnDelete.restrict, null=False, unique=True)
    seq = BigInt(default=0)


class DispositionKind(Table, tablename="disposition_kind"):
    """What a dealer may say came of an offer; it moves the interest to `stage` and counts as `milestone`, where it has them."""

    code = Varchar(length=20, primary_key=True, default=None)
    stage = Varchar(length=20, default=None, null=True)
    milestone = Varchar(length=30, default=None, null=True)
    reason_needed = Boolean(default=False)
    name_zh = Varchar(length=40, default=None)
    name_en = Varchar(length=40, default=None)


class Reason(Table, tablename="reason"):
    """Why a store refused an offer or lost a lead; `fits` is refusal, lost or both."""

    code = Varchar(length=40, primary_key=True, default=None)
    fits = Varchar(length=10, default=None)
    name_zh = Varchar(length=60, default=None)
    name_en = Varchar(length=60, default=None)


class Disposition(Table, tablename="disposition"):
    """The dealer's dated answer on an accepted offer; a reference names it once per offer. The note is sealed."""

    id = UUID(primary_key=True, default=None)
    offer = ForeignKey(Offer, on_delete=OnDelete.restrict, null=False)
    kind = ForeignKey(DispositionKind, on_delete=OnDelete.restrict, null=False)
    at = Timestamptz(default=None)
    recorded_at = Timestamptz(default=None)
    reason = ForeignKey(Reason, on_delete=OnDelete.restrict, null=True, default=None)
    value_fen = BigInt(default=None, null=True)
    reference = Varchar(length=120, default=None, null=True)
    salesperson = Varchar(length=60, default=None, null=True)
    grade = Varchar(length=4, default=None, null=True)
    next_follow_up_at = Timestamptz(default=None, null=True)
    note = Bytea(default=None, null=True)


class AllianceTask(Light, Table, tablename="alliance_task"):
    """An interest that no store took, for a person of the alliance to work; closed when it moves on.

    `assignee` has it in hand; `outcome` is the reason why it was closed as lost by hand.
    """

    id = UUID(primary_key=True, default=None)
    interest = ForeignKey(Interest, on_delete=OnDelete.restrict, null=False)
    reason = Varchar(length=40, default=None)
    refusals = SmallInt(default=0)
    opened_at = Timestamptz(default=None)
    closed_at = Timestamptz(default=None, null=True)
    closed_by = Varchar(length=80, default=None, null=True)
    assignee = ForeignKey(Staff, on_delete=OnDelete.restrict, null=True, default=None)
    outcome = Varchar(length=40, default=None, null=True)
