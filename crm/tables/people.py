"""People as we came to know them: observations, the links that make persons of them, and the reasons why."""

from typing import Any

from piccolo.columns import (
    JSONB,
    UUID,
    BigSerial,
    Boolean,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    Real,
    Serial,
    SmallInt,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from crm.tables.access import Source
from crm.tables.light import Light
from crm.tables.parties import Brand, Model, Region


class Person(Light, Table, tablename="person"):
    """A human across brands. `status` is active, provisional or merged; a merged one stays as a redirect by `merged_into`."""

    id = UUID(primary_key=True, default=None)
    no = BigSerial(unique=True)
    status = Varchar(length=20, default=None)
    merged_into: ForeignKey[Any] = ForeignKey("self", on_delete=OnDelete.restrict, null=True, default=None)
    created_at = Timestamptz(default=None)
    version = Integer(default=1)


class Observation(Light, Table, tablename="observation"):
    """What one submission said about a person; never changed. `particulars` is the sealed JSON of everything personal in it."""

    id = UUID(primary_key=True, default=None)
    source = ForeignKey(Source, on_delete=OnDelete.restrict, null=False)
    external_id = Varchar(length=120, default=None)
    import_id = UUID(default=None, null=True)
    row_no = Integer(default=None, null=True)
    captured_at = Timestamptz(default=None)
    received_at = Timestamptz(default=None)
    synthetic = Boolean(default=False)
    region = ForeignKey(Region, on_delete=OnDelete.restrict, null=True, default=None)
    particulars = Bytea(default=None)
    normaliser = SmallInt(default=None)


class Decision(Light, Table, tablename="decision"):
    """Why an observation belongs to a person: `outcome` linked, provisional, new, merged or unmerged, with its parts in log2 units."""

    id = UUID(primary_key=True, default=None)
    observation = ForeignKey(Observation, on_delete=OnDelete.restrict, null=False)
    person = ForeignKey(Person, on_delete=OnDelete.restrict, null=False)
    outcome = Varchar(length=20, default=None)
    parts = JSONB(default="[]")
    score = Real(default=None, null=True)
    runner_up = ForeignKey(Person, on_delete=OnDelete.restrict, null=True, default=None)
    margin = Real(default=None, null=True)
    weights_version = Integer(default=None)
    actor = Varchar(length=80, default=None)
    at = Timestamptz(default=None)


class Link(Light, Table, tablename="link"):
    """An observation's place with a person; one is open per observation, closed ones stay as the story."""

    id = UUID(primary_key=True, default=None)
    observation = ForeignKey(Observation, on_delete=OnDelete.restrict, null=False)
    person = ForeignKey(Person, on_delete=OnDelete.restrict, null=False)
    decision = ForeignKey(Decision, on_delete=OnDelete.restrict, null=False)
    opened_at = Timestamptz(default=None)
    closed_at = Timestamptz(default=None, null=True)


class IdentityKey(Table, tablename="identity_key"):
    """A keyed digest by which an observation is found again. The kind and namespace are part of the digest; the value is not here."""

    id = BigSerial(primary_key=True)
    kind = Varchar(length=30, default=None)
    namespace = Varchar(length=120, default="")
    key_version = SmallInt(default=None)
    match_key = Bytea(default=None)
    observation = ForeignKey(Observation, on_delete=OnDelete.restrict, null=False)


class SearchKey(Table, tablename="search_key"):
    """A keyed digest by which staff find an observation: a name, its sound, a phone, its last digits, an e-mail."""

    id = BigSerial(primary_key=True)
    match_key = Bytea(default=None)
    captured_at = Timestamptz(default=None)
    observation = ForeignKey(Observation, on_delete=OnDelete.restrict, null=False)


class HubValue(Table, tablename="hub_value"):
    """A phone or e-mail that several differently named people gave; the more names, the less it proves."""

    match_key = Bytea(primary_key=True, default=None)
    kind = Varchar(length=30, default=None)
    distinct_names = Integer(default=None)
    noted_at = Timestamptz(default=None)


class ReviewTask(Table, tablename="review_task"):
    """A question about identity for a person to answer; `answer` is same or different; put off until `not_before`."""

    id = UUID(primary_key=True, default=None)
    kind = Varchar(length=30, default=None)
    person = ForeignKey(Person, on_delete=OnDelete.restrict, null=False)
    other = ForeignKey(Person, on_delete=OnDelete.restrict, null=True, default=None)
    observation = ForeignKey(Observation, on_delete=OnDelete.restrict, null=True, default=None)
    decision = ForeignKey(Decision, on_delete=OnDelete.restrict, null=True, default=None)
    opened_at = Timestamptz(default=None)
    closed_at = Timestamptz(default=None, null=True)
    closed_by = Varchar(length=80, default=None, null=True)
    answer = Varchar(length=20, default=None, null=True)
    not_before = Timestamptz(default=None, null=True)


class NoMerge(Table, tablename="no_merge"):
    """Two persons that somebody found to be different people; `person` is the smaller id."""

    id: Serial
    person = ForeignKey(Person, on_delete=OnDelete.restrict, null=False)
    other = ForeignKey(Person, on_delete=OnDelete.restrict, null=False)
    actor = Varchar(length=80, default=None)
    at = Timestamptz(default=None)


class Merge(Table, tablename="merge"):
    """One loser joined to one survivor; undone when `undone_at` is set."""

    id = UUID(primary_key=True, default=None)
    survivor = ForeignKey(Person, on_delete=OnDelete.restrict, null=False)
    loser = ForeignKey(Person, on_delete=OnDelete.restrict, null=False)
    loser_status = Varchar(length=20, default=None)
    reason = Varchar(length=400, default=None)
    actor = Varchar(length=80, default=None)
    at = Timestamptz(default=None)
    undone_at = Timestamptz(default=None, null=True)
    undone_by = Varchar(length=80, default=None, null=True)


class MergedLink(Table, tablename="merged_link"):
    """A link that a merge closed, and the one it opened in its place."""

    id: Serial
    merge = ForeignKey(Merge, on_delete=OnDelete.restrict, null=False)
    closed = ForeignKey(Link, on_delete=OnDelete.restrict, null=False)
    opened = ForeignKey(Link, on_delete=OnDelete.restrict, null=False)


class Vehicle(Table, tablename="vehicle"):
    """A car by its VIN, sealed; a car is never a person."""

    id = UUID(primary_key=True, default=None)
    vin = Bytea(default=None)
    match_key = Bytea(unique=True, default=None)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=True, default=None)
    model = ForeignKey(Model, on_delete=OnDelete.restrict, null=True, default=None)


class Ownership(Table, tablename="ownership"):
    """Who was said to own a car, from when until (not including) when, and by which source."""

    id: Serial
    vehicle = ForeignKey(Vehicle, on_delete=OnDelete.restrict, null=False)
    person = ForeignKey(Person, on_delete=OnDelete.restrict, null=False)
    observation = ForeignKey(Observation, on_delete=OnDelete.restrict, null=False)
    source = ForeignKey(Source, on_delete=OnDelete.restrict, null=False)
    valid_from_on = Date(default=None)
    valid_until_on = Date(default=None, null=True)
