"""Joint campaigns and the two ledgers that reports stand on.

Touchpoints and milestones are narrow and append-only: a wrong row is retracted, never changed, so that a report can be read as of any
moment. They name people, leads and interests by id without foreign keys, because one person's path must stay one index range.
"""

from piccolo.columns import (
    UUID,
    BigInt,
    Date,
    ForeignKey,
    Integer,
    Numeric,
    OnDelete,
    Serial,
    SmallInt,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from crm.tables import Brand


class Campaign(Table, tablename="campaign"):
    """Joint work of several brands; `status` found means that a lead named it before anybody planned it."""

    id: Serial
    code = Varchar(length=80, unique=True, default=None)
    name = Varchar(length=200, default=None)
    status = Varchar(length=20, default=None)
    starts_on = Date(default=None, null=True)
    ends_on = Date(default=None, null=True)
    time_zone = Varchar(length=40, default="Asia/Shanghai")
    created_at = Timestamptz(default=None)
    version = Integer(default=1)


class Partner(Table, tablename="partner"):
    """A brand inside a campaign, with its share of the budget (0..1)."""

    id: Serial
    campaign = ForeignKey(Campaign, on_delete=OnDelete.restrict, null=False)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    share = Numeric(digits=(7, 6), default=None, null=True)


class Event(Table, tablename="event"):
    """A dated occasion of a campaign; spreadsheets name it by `name`, systems by `code`."""

    id: Serial
    campaign = ForeignKey(Campaign, on_delete=OnDelete.restrict, null=False)
    code = Varchar(length=80, unique=True, default=None)
    name = Varchar(length=200, default=None)
    starts_on = Date(default=None, null=True)
    ends_on = Date(default=None, null=True)


class Booth(Table, tablename="booth"):
    """A desk or stand at an event where people are met."""

    id: Serial
    event = ForeignKey(Event, on_delete=OnDelete.restrict, null=False)
    code = Varchar(length=80, default=None)


class TouchpointKind(Table, tablename="touchpoint_kind"):
    """The kinds of contact, by the small number that the ledger stores."""

    id = SmallInt(primary_key=True, default=None)
    code = Varchar(length=30, unique=True, default=None)
    name_zh = Varchar(length=40, default=None)
    name_en = Varchar(length=40, default=None)


class MilestoneKind(Table, tablename="milestone_kind"):
    """The facts that reports count, in the order of the funnel."""

    id = SmallInt(primary_key=True, default=None)
    code = Varchar(length=30, unique=True, default=None)
    name_zh = Varchar(length=40, default=None)
    name_en = Varchar(length=40, default=None)


class Touchpoint(Table, tablename="touchpoint"):
    """A dated contact between a person and a campaign; the primary key in the database is (person, at, id)."""

    id = UUID(primary_key=True, default=None)
    person = UUID(default=None)
    observation = UUID(default=None, null=True)
    kind = SmallInt(default=None)
    campaign = Integer(default=None, null=True)
    event = Integer(default=None, null=True)
    booth = Integer(default=None, null=True)
    brand = Integer(default=None, null=True)
    at = Timestamptz(default=None)
    recorded_at = Timestamptz(default=None)
    retracted_at = Timestamptz(default=None, null=True)


class Milestone(Table, tablename="milestone"):
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
