"""Work that staff start from their pages and that goes on without them: bulk jobs, simulations, drafts, samples to check again."""

from piccolo.columns import (
    JSONB,
    UUID,
    BigSerial,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    Serial,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from crm.tables import Brand, Staff
from leads.tables.capture import Import, Interest
from leads.tables.offers import RoutingPolicy


class Bulk(Table, tablename="bulk"):
    """One change to many leads: queued, running, done, cancelled, failed, undoing or undone; counts are rows."""

    id = UUID(primary_key=True, default=None)
    kind = Varchar(length=30, default=None)
    staff = ForeignKey(Staff, on_delete=OnDelete.restrict, null=False)
    params = JSONB(default="{}")
    state = Varchar(length=12, default=None)
    total = Integer(default=0)
    done = Integer(default=0)
    failed = Integer(default=0)
    created_at = Timestamptz(default=None)
    ended_at = Timestamptz(default=None, null=True)
    undone_at = Timestamptz(default=None, null=True)


class BulkRow(Table, tablename="bulk_row"):
    """One lead of a bulk job: fate null until its turn, then done, skipped or error; `before` is what undo gives back."""

    id = BigSerial(primary_key=True)
    bulk = ForeignKey(Bulk, on_delete=OnDelete.cascade, null=False)
    lead = UUID(default=None)
    fate = Varchar(length=10, default=None, null=True)
    reason = Varchar(length=400, default=None, null=True)
    before = JSONB(default=None, null=True)


class ImportFile(Table, tablename="import_file"):
    """The bytes of a file that waits to be imported, sealed; gone after `purge_after`."""

    id = UUID(primary_key=True, default=None)
    import_id = ForeignKey(Import, on_delete=OnDelete.cascade, null=False, unique=True)
    sealed = Bytea(default=None)
    purge_after = Timestamptz(default=None)


class PolicyDraft(Table, tablename="policy_draft"):
    """A policy of a brand that somebody is thinking about; nothing is routed by it."""

    id: Serial
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    base = ForeignKey(RoutingPolicy, on_delete=OnDelete.restrict, null=False)
    data = JSONB(default=None)
    note = Varchar(length=400, default=None)
    staff = ForeignKey(Staff, on_delete=OnDelete.restrict, null=False)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)
    version = Integer(default=1)


class Simulation(Table, tablename="simulation"):
    """A policy tried on past leads: queued, running, done or failed; `result` is figures only."""

    id = UUID(primary_key=True, default=None)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    data = JSONB(default=None)
    since = Timestamptz(default=None)
    until = Timestamptz(default=None)
    staff = ForeignKey(Staff, on_delete=OnDelete.restrict, null=True, default=None)
    state = Varchar(length=12, default=None)
    total = Integer(default=0)
    done = Integer(default=0)
    result = JSONB(default=None, null=True)
    created_at = Timestamptz(default=None)
    ended_at = Timestamptz(default=None, null=True)


class Recheck(Table, tablename="recheck"):
    """A lost interest that was drawn to be checked again; `answer` is confirmed or reopened."""

    id = UUID(primary_key=True, default=None)
    interest = ForeignKey(Interest, on_delete=OnDelete.restrict, null=False)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    drawn_on = Date(default=None)
    drawn_at = Timestamptz(default=None)
    answer = Varchar(length=10, default=None, null=True)
    answered_by = ForeignKey(Staff, on_delete=OnDelete.restrict, null=True, default=None)
    answered_at = Timestamptz(default=None, null=True)
    note = Bytea(default=None, null=True)
