"""What came in: submissions as received, the leads and interests made of them, and the files they came from."""

from piccolo.columns import (
    JSONB,
    UUID,
    BigSerial,
    Bytea,
    DoublePrecision,
    ForeignKey,
    Integer,
    OnDelete,
    SmallInt,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from campaigns.tables import Booth, Campaign, Event
from crm.tables import Brand, Model, Observation, Person, Region, Source, Staff, Store
from crm.tables.light import Light


class InterestKind(Table, tablename="interest_kind"):
    """What a person may want; `capability` is what a store needs for it."""

    code = Varchar(length=20, primary_key=True, default=None)
    capability = Varchar(length=20, default=None)
    name_zh = Varchar(length=40, default=None)
    name_en = Varchar(length=40, default=None)


class Stage(Table, tablename="stage"):
    """How far an interest has come; `rank` orders the way, a lead stands where its least advanced interest does."""

    code = Varchar(length=20, primary_key=True, default=None)
    rank = SmallInt(unique=True, default=None)
    name_zh = Varchar(length=40, default=None)
    name_en = Varchar(length=40, default=None)


class Hold(Table, tablename="hold"):
    """Why an interest waits; each is a queue that somebody works through."""

    code = Varchar(length=20, primary_key=True, default=None)
    name_zh = Varchar(length=40, default=None)
    name_en = Varchar(length=40, default=None)


class Submission(Light, Table, tablename="submission"):
    """One enquiry as a source named it; unique per source and external id. `changed_at` notes a repeat with another body."""

    id = UUID(primary_key=True, default=None)
    source = ForeignKey(Source, on_delete=OnDelete.restrict, null=False)
    external_id = Varchar(length=120, default=None)
    body_hash = Bytea(default=None)
    received_at = Timestamptz(default=None)
    changed_at = Timestamptz(default=None, null=True)
    lead = UUID(default=None)
    answer = JSONB(default=None)


class RawPayload(Light, Table, tablename="raw_payload"):
    """A body as received, sealed, apart from everything and for a limited time; `reason` says why it was refused, if it was."""

    id = UUID(primary_key=True, default=None)
    source = ForeignKey(Source, on_delete=OnDelete.restrict, null=False)
    submission = ForeignKey(Submission, on_delete=OnDelete.cascade, null=True, default=None)
    sealed = Bytea(default=None)
    reason = Varchar(length=400, default=None, null=True)
    received_at = Timestamptz(default=None)
    purge_after = Timestamptz(default=None)


class Lead(Light, Table, tablename="lead"):
    """One enquiry by one person at one time. `wishes` seals the remark, the place as typed and the note on contact as one JSON.

    `hold` is no_interest as long as it has no interests, and null from the first one on, kept so by a trigger.
    """

    id = UUID(primary_key=True, default=None)
    observation = ForeignKey(Observation, on_delete=OnDelete.restrict, null=False)
    person = ForeignKey(Person, on_delete=OnDelete.restrict, null=False)
    source = ForeignKey(Source, on_delete=OnDelete.restrict, null=False)
    campaign = ForeignKey(Campaign, on_delete=OnDelete.restrict, null=True, default=None)
    event = ForeignKey(Event, on_delete=OnDelete.restrict, null=True, default=None)
    booth = ForeignKey(Booth, on_delete=OnDelete.restrict, null=True, default=None)
    region = ForeignKey(Region, on_delete=OnDelete.restrict, null=True, default=None)
    longitude = DoublePrecision(default=None, null=True)
    latitude = DoublePrecision(default=None, null=True)
    contact_channel = Varchar(length=20, default=None, null=True)
    contact_not_before = Timestamptz(default=None, null=True)
    wishes = Bytea(default=None, null=True)
    entered_by = ForeignKey(Staff, on_delete=OnDelete.restrict, null=True, default=None)
    hold = ForeignKey(Hold, on_delete=OnDelete.restrict, null=True, default=None)
    captured_at = Timestamptz(default=None)
    received_at = Timestamptz(default=None)
    version = Integer(default=1)


class Interest(Light, Table, tablename="interest"):
    """One wish of a lead: the unit that is routed, held and offered. It is due for the worker when `due_at` has come.

    `joined` names the open offer of the same person and brand that a repeat enquiry came to, instead of taking an offer of its own.
    Lists read this table alone: `captured_at`, `campaign`, `source` and `region` are its lead's, `store` that of the open or accepted offer
    on which it stands; triggers keep them equal.
    """

    id = UUID(primary_key=True, default=None)
    lead = ForeignKey(Lead, on_delete=OnDelete.restrict, null=False)
    rank = SmallInt(default=None)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=True, default=None)
    model = ForeignKey(Model, on_delete=OnDelete.restrict, null=True, default=None)
    kind = ForeignKey(InterestKind, on_delete=OnDelete.restrict, null=False)
    preferred_store = ForeignKey(Store, on_delete=OnDelete.restrict, null=True, default=None)
    stage = ForeignKey(Stage, on_delete=OnDelete.restrict, null=False)
    hold = ForeignKey(Hold, on_delete=OnDelete.restrict, null=True, default=None)
    joined = UUID(default=None, null=True)
    due_at = Timestamptz(default=None, null=True)
    attempts = SmallInt(default=0)
    captured_at = Timestamptz(default=None, null=True)
    campaign = ForeignKey(Campaign, on_delete=OnDelete.restrict, null=True, default=None)
    source = ForeignKey(Source, on_delete=OnDelete.restrict, null=True, default=None)
    region = ForeignKey(Region, on_delete=OnDelete.restrict, null=True, default=None)
    store = ForeignKey(Store, on_delete=OnDelete.restrict, null=True, default=None)


class TradeIn(Table, tablename="trade_in"):
    """A car to be given in payment, as the person described it: a sealed JSON, because a VIN or a rare car names its owner."""

    id = UUID(primary_key=True, default=None)
    lead = ForeignKey(Lead, on_delete=OnDelete.restrict, null=False, unique=True)
    sealed = Bytea(default=None)


class Import(Table, tablename="import"):
    """One file brought in: its SHA-256, which column was read as what, and the fates of its rows.

    `state` is waiting, checking, checked, queued, running, done, cancelled, failed, undoing or undone; from the command line it begins as running.
    `rows` and the counts beside it are those of the last dry run or of the run; what a dry run found is kept in `checked`.
    A file of stores has no source. A list of guests is of an `event`, and of a `brand` where that one's people brought it; `told_at` says that the
    guests were written to.
    """

    id = UUID(primary_key=True, default=None)
    file_hash = Varchar(length=64, default=None)
    source = ForeignKey(Source, on_delete=OnDelete.restrict, null=True, default=None)
    mode = Varchar(length=20, default=None)
    mapping = JSONB(default=None)
    state = Varchar(length=20, default=None)
    rows = Integer(default=0)
    created = Integer(default=0)
    repeats = Integer(default=0)
    errors = Integer(default=0)
    started_at = Timestamptz(default=None)
    ended_at = Timestamptz(default=None, null=True)
    subject = Varchar(length=10, default="leads")
    name = Varchar(length=200, default=None, null=True)
    staff = ForeignKey(Staff, on_delete=OnDelete.restrict, null=True, default=None)
    total = Integer(default=0)
    checked = JSONB(default=None, null=True)
    undone_at = Timestamptz(default=None, null=True)
    event = ForeignKey(Event, on_delete=OnDelete.restrict, null=True, default=None)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=True, default=None)
    told_at = Timestamptz(default=None, null=True)


class ImportRow(Light, Table, tablename="import_row"):
    """The fate of one row; the reason names columns, never what stood in them.

    In a dry run new, known, duplicate or error; after the run created, repeat or error, and what was created may be undone or kept; a store is new,
    changed, unchanged or error. A guest gets a place, stands in line, is a duplicate or an error; then registered, waiting, repeat or error.
    """

    id = BigSerial(primary_key=True)
    import_id = ForeignKey(Import, on_delete=OnDelete.restrict, null=False)
    row_no = Integer(default=None)
    fate = Varchar(length=10, default=None)
    reason = Varchar(length=400, default=None, null=True)
    observation = ForeignKey(Observation, on_delete=OnDelete.restrict, null=True, default=None)


class UndoneInterest(Table, tablename="undone_interest"):
    """What is left of an interest that was undone with its import after stores had it on offer: their feeds still name it."""

    id = UUID(primary_key=True, default=None)
    lead = UUID(default=None)
    kind = Varchar(length=20, default=None)
    model = ForeignKey(Model, on_delete=OnDelete.restrict, null=True, default=None)
    import_id = ForeignKey(Import, on_delete=OnDelete.restrict, null=False)
