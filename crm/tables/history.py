"""What was done, for people to read, and what changed, for higher apps to act on."""

from piccolo.columns import JSONB, BigInt, BigSerial, ForeignKey, OnDelete, Timestamptz, Varchar
from piccolo.table import Table

from crm.tables.light import Light
from crm.tables.people import Person


class HistoryEntry(Table, tablename="history_entry"):
    """Who did what to which thing; details carry no personal data."""

    id = BigSerial(primary_key=True)
    actor = Varchar(length=80, default=None)
    action = Varchar(length=60, default=None)
    subject_kind = Varchar(length=30, default=None)
    subject = Varchar(length=60, default=None)
    details = JSONB(default="{}")
    at = Timestamptz(default=None)


class Change(Light, Table, tablename="change"):
    """A fact for higher apps (consent_given, consent_withdrawn, merged, unmerged, place_told). `xid`: the writing transaction, see `crm.history`."""

    id = BigSerial(primary_key=True)
    xid = BigInt(default=None)
    kind = Varchar(length=30, default=None)
    person = ForeignKey(Person, on_delete=OnDelete.restrict, null=False)
    details = JSONB(default="{}")
    at = Timestamptz(default=None)


class ChangeReader(Table, tablename="change_reader"):
    """How far a reader of changes has come: everything up to (xid, change) is done."""

    name = Varchar(length=40, primary_key=True, default=None)
    xid = BigInt(default=0)
    change = BigInt(default=0)
