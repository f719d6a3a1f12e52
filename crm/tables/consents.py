"""What people were told and what they answered, and every hand-over that stands on it."""

from piccolo.columns import UUID, Bytea, Date, ForeignKey, OnDelete, Serial, Text, Timestamptz, Varchar
from piccolo.table import Table

from crm.tables.light import Light
from crm.tables.network import Dealer, Store
from crm.tables.parties import Brand
from crm.tables.people import Observation, Person


class Notice(Table, tablename="notice"):
    """A consent wording by the id that forms and desks name."""

    id: Serial
    code = Varchar(length=40, unique=True, default=None)


class NoticeVersion(Table, tablename="notice_version"):
    """The wording itself in one language, with its SHA-256."""

    id: Serial
    notice = ForeignKey(Notice, on_delete=OnDelete.restrict, null=False)
    version = Varchar(length=20, default=None)
    language = Varchar(length=12, default=None)
    text = Text(default=None)
    hash = Varchar(length=64, default=None)
    valid_from_on = Date(default=None)
    valid_until_on = Date(default=None, null=True)


class Consent(Light, Table, tablename="consent"):
    """One answer, for good: a current state is the latest row per person, purpose, brand and channel. Brands are always named."""

    id = UUID(primary_key=True, default=None)
    observation = ForeignKey(Observation, on_delete=OnDelete.restrict, null=True, default=None)
    person = ForeignKey(Person, on_delete=OnDelete.restrict, null=False)
    purpose = Varchar(length=30, default=None)
    receiver_kind = Varchar(length=20, default=None)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    channel = Varchar(length=20, default=None, null=True)
    kind = Varchar(length=20, default=None)
    state = Varchar(length=10, default=None)
    notice_version = ForeignKey(NoticeVersion, on_delete=OnDelete.restrict, null=True, default=None)
    captured_at = Timestamptz(default=None)
    recorded_at = Timestamptz(default=None)
    actor = Varchar(length=80, default=None)
    evidence_hash = Bytea(default=None)


class SharingEntry(Light, Table, tablename="sharing_entry"):
    """One hand-over: who received which fields of whom, for what, on which basis. Also the list for a recall."""

    id = UUID(primary_key=True, default=None)
    person = ForeignKey(Person, on_delete=OnDelete.restrict, null=False)
    dealer = ForeignKey(Dealer, on_delete=OnDelete.restrict, null=False)
    store = ForeignKey(Store, on_delete=OnDelete.restrict, null=False)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    offer = UUID(default=None)
    fields = Varchar(length=200, default=None)
    purpose = Varchar(length=30, default=None)
    basis = Varchar(length=20, default=None)
    consent = ForeignKey(Consent, on_delete=OnDelete.restrict, null=True, default=None)
    at = Timestamptz(default=None)
