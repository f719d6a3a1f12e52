"""Dealers and their stores: who runs what, who may sell what, and what each store was given on a day."""

from piccolo.columns import (
    BigInt,
    BigSerial,
    Bytea,
    Date,
    DoublePrecision,
    ForeignKey,
    Integer,
    OnDelete,
    Serial,
    Time,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from crm.tables.parties import Brand, Party, Region


class Dealer(Table, tablename="dealer"):
    """A company that runs stores; its API keys reach the offers made to it, not those of a store it gave up."""

    id: Serial
    code = Varchar(length=40, unique=True, default=None)
    party = ForeignKey(Party, on_delete=OnDelete.restrict, null=False, unique=True)


class Store(Table, tablename="store"):
    """A point of sale; `daily_capacity` is offers per local day, `weight` its fair share within a pool."""

    id: Serial
    code = Varchar(length=40, unique=True, default=None)
    kind = Varchar(length=20, default=None)
    name_zh = Varchar(length=120, default=None)
    region = ForeignKey(Region, on_delete=OnDelete.restrict, null=False)
    longitude = DoublePrecision(default=None)
    latitude = DoublePrecision(default=None)
    daily_capacity = Integer(default=None)
    weight = Integer(default=None)
    opens = Time(default=None)
    closes = Time(default=None)
    version = Integer(default=1)


class StoreOperator(Table, tablename="store_operator"):
    """Which dealer runs a store from one day until (not including) another; one at a time."""

    id: Serial
    store = ForeignKey(Store, on_delete=OnDelete.restrict, null=False)
    dealer = ForeignKey(Dealer, on_delete=OnDelete.restrict, null=False)
    valid_from_on = Date(default=None)
    valid_until_on = Date(default=None, null=True)


class Franchise(Table, tablename="franchise"):
    """A store's right to sell a brand from one day until (not including) another."""

    id: Serial
    store = ForeignKey(Store, on_delete=OnDelete.restrict, null=False)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    valid_from_on = Date(default=None)
    valid_until_on = Date(default=None, null=True)


class StoreCapability(Table, tablename="store_capability"):
    """What a store can do: sales, test_drive, delivery or service."""

    id: Serial
    store = ForeignKey(Store, on_delete=OnDelete.restrict, null=False)
    capability = Varchar(length=20, default=None)


class StoreDay(Table, tablename="store_day"):
    """The capacity counter: offers made to a store on one day of its own calendar."""

    id: Serial
    store = ForeignKey(Store, on_delete=OnDelete.restrict, null=False)
    on_date = Date(default=None)
    offered = Integer(default=0)


class StoreCredit(Table, tablename="store_credit"):
    """The fairness ledger of a pool, in weight units: the credits of one pool always add up to nothing."""

    id: Serial
    pool_key = Bytea(default=None)
    store = ForeignKey(Store, on_delete=OnDelete.restrict, null=False)
    credit = BigInt(default=0)


class NetworkVersion(Table, tablename="network_version"):
    """One row each time the network changed, so that a receipt can say which network it saw."""

    id = BigSerial(primary_key=True)
    at = Timestamptz(default=None)
    cause = Varchar(length=200, default=None)
