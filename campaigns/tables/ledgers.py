"""The two ledgers that reports stand on, narrow and append-only: a wrong row is retracted, never changed.

They name people, leads and interests by id without foreign keys, because one person's path must stay one index range.
"""

from piccolo.columns import UUID, BigInt, Boolean, Integer, SmallInt, Timestamptz, Varchar
from piccolo.table import Table

from crm.tables.light import Light


class TouchpointKind(Table, tablename="touchpoint_kind"):
    """The kinds of contact, by the small number that the ledger stores; those that `registers` are a person's own word, and count as registered."""

    id = SmallInt(primary_key=True, default=None)
    code = Varchar(length=30, unique=True, default=None)
    name_zh = Varchar(length=40, default=None)
    name_en = Varchar(length=40, default=None)
    registers = Boolean(default=False)


class MilestoneKind(Table, tablename="milestone_kind"):
    """The facts that reports count, in the order of the funnel."""

    id = SmallInt(primary_key=True, default=None)
    code = Varchar(length=30, unique=True, default=None)
    name_zh = Varchar(length=40, default=None)
    name_en = Varchar(length=40, default=None)


class Touchpoint(Light, Table, tablename="touchpoint"):
    """A dated contact between a person and a campaign; the primary key in the database is (person, at, id)."""

    id = UUID(primary_key=True, default=None)
    person = UUID(default=None)
    observation = UUID(default=None, null=True)
    kind = SmallInt(default=None)
    campaign = Integer(default=None, null=True)
    event = Integer(default=None, null=True)
    booth = Integer(default=None, null=True)
    brand = Integer(default=None, null=True)
    channel = Integer(default=None, null=True)
    at = Timestamptz(default=None)
    recorded_at = Timestamptz(default=None)
    retracted_at = Timestamptz(default=None, null=True)


class Milestone(Light, Table, tablename="milestone"):
    """A dated fact about a lead that reports count; the primary key in the database is (person, at, id), `value_fen` is in fen."""

    id = UUID(primary_key=True, default=None)
    person = UUID(default=None)
    lead = UUID(default=None)
    interest = UUID(default=None)
    kind = SmallInt(default=None)
    campaign = Integer(default=None, null=True)
    brand = Integer(default=None, null=True)
    store = Integer(default=None, null=True)
    value_fen = BigInt(default=None, null=True)
    at = Timestamptz(default=None)
    recorded_at = Timestamptz(default=None)
    retracted_at = Timestamptz(default=None, null=True)
