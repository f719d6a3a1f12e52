"""Dated occasions of campaigns: where and when, what can be booked there, and who registered.

Codes are small integers; what a person typed on a form is sealed in its registration. Who holds a place and who waits is decided under the
lock of the event's or the slot's row, and promised by constraints.
"""

import secrets
from typing import Any
from uuid import uuid4

from piccolo.columns import (
    UUID,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    Serial,
    SmallInt,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from campaigns.tables.planning import Campaign, Channel
from crm.tables import Brand, Model, Observation, Region, Source

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is read as another one
CODE_SIGNS = 10


def _code() -> str:
    """What the desk scans or types: one of 10^15."""
    return "".join(secrets.choice(SIGNS) for _ in range(CODE_SIGNS))


class Event(Table, tablename="event"):
    """A dated occasion of a campaign; spreadsheets name it by `name`, systems by `code`.

    `capacity` counts registrations (none: no limit); `taken` those that hold a place, `waited` numbers those who wait. The registration page is
    there while `is_open`; days are in the campaign's zone.
    """

    id: Serial
    campaign = ForeignKey(Campaign, on_delete=OnDelete.restrict, null=False)
    code = Varchar(length=80, unique=True, default=None)
    name = Varchar(length=200, default=None)
    starts_on = Date(default=None, null=True)
    ends_on = Date(default=None, null=True)
    starts_at = Timestamptz(default=None, null=True)
    ends_at = Timestamptz(default=None, null=True)
    venue = Varchar(length=200, default=None, null=True)
    address = Varchar(length=200, default=None, null=True)
    region = ForeignKey(Region, on_delete=OnDelete.restrict, null=True, default=None)
    capacity = Integer(default=None, null=True)
    taken = Integer(default=0)
    waited = Integer(default=0)
    offer_minutes = Integer(default=None, null=True)
    is_open = Boolean(default=False)
    opened_at = Timestamptz(default=None, null=True)
    version = Integer(default=1)


class Booth(Table, tablename="booth"):
    """A desk or stand at an event where people are met."""

    id: Serial
    event = ForeignKey(Event, on_delete=OnDelete.restrict, null=False)
    code = Varchar(length=80, default=None)


class Slot(Table, tablename="slot"):
    """A time at an event that can be booked: a `session`, or a `test_drive` in one car.

    `places` can be taken, `taken` are, `waited` numbers those who wait.
    """

    id: Serial
    event = ForeignKey(Event, on_delete=OnDelete.restrict, null=False)
    kind = Varchar(length=20, default=None)
    name = Varchar(length=120, default=None, null=True)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=True, default=None)
    model = ForeignKey(Model, on_delete=OnDelete.restrict, null=True, default=None)
    starts_at = Timestamptz(default=None)
    minutes = Integer(default=None)
    places = Integer(default=None)
    taken = Integer(default=0)
    waited = Integer(default=0)
    closed_at = Timestamptz(default=None, null=True)
    version = Integer(default=1)


class Registration(Table, tablename="registration"):
    """A person's word that they come to an event: `state` is confirmed, waiting, offered (a place is kept until `offer_until`) or cancelled.

    `position` orders those who wait. `sealed` is what they wrote, as JSON. `leads_due_at` says that the campaign's lead rule has to look at it.
    A second form of the same person `joins` the first: it looks like any other, and is counted like it. `link` names it to its guest and can be
    renewed, `code` to the desk; the first answer is told with every repeat; `sequence` counts the changes that calendars must hear of.
    """

    id = UUID(primary_key=True, default=None)
    event = ForeignKey(Event, on_delete=OnDelete.restrict, null=False)
    campaign = ForeignKey(Campaign, on_delete=OnDelete.restrict, null=False)
    observation = ForeignKey(Observation, on_delete=OnDelete.restrict, null=False)
    person = UUID(default=None)
    source = ForeignKey(Source, on_delete=OnDelete.restrict, null=False)
    external_id = Varchar(length=120, default=None)
    body_hash = Bytea(default=None)
    channel = ForeignKey(Channel, on_delete=OnDelete.restrict, null=True, default=None)
    language = Varchar(length=12, default=None)
    sealed = Bytea(default=None)
    state = Varchar(length=12, default=None)
    position = BigInt(default=None, null=True)
    offer_until = Timestamptz(default=None, null=True)
    registered_at = Timestamptz(default=None)
    confirmed_at = Timestamptz(default=None, null=True)
    cancelled_at = Timestamptz(default=None, null=True)
    attended_at = Timestamptz(default=None, null=True)
    lead = UUID(default=None, null=True)
    leads_due_at = Timestamptz(default=None, null=True)
    attempts = SmallInt(default=0)
    version = Integer(default=1)
    joins: ForeignKey[Any] = ForeignKey("self", on_delete=OnDelete.restrict, null=True, default=None)
    link = UUID(unique=True, default=uuid4)
    code = Varchar(length=12, unique=True, default=_code)
    first_state = Varchar(length=12, default="confirmed")
    first_position = BigInt(default=None, null=True)
    changed_at = Timestamptz(default=None, null=True)
    sequence = Integer(default=0)


class RegistrationWish(Table, tablename="registration_wish"):
    """A brand that a registered person wants to see, perhaps one model of it; `rank` is their order. Whose guest somebody is stands here."""

    id = UUID(primary_key=True, default=None)
    registration = ForeignKey(Registration, on_delete=OnDelete.cascade, null=False)
    rank = SmallInt(default=None)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    model = ForeignKey(Model, on_delete=OnDelete.restrict, null=True, default=None)


class Booking(Table, tablename="booking"):
    """A place in a slot, kept or waited for; states and `joins` are those of registrations, and `done_at` says that it took place."""

    id = UUID(primary_key=True, default=None)
    slot = ForeignKey(Slot, on_delete=OnDelete.restrict, null=False)
    registration = ForeignKey(Registration, on_delete=OnDelete.restrict, null=False)
    source = ForeignKey(Source, on_delete=OnDelete.restrict, null=False)
    external_id = Varchar(length=120, default=None)
    state = Varchar(length=12, default=None)
    position = BigInt(default=None, null=True)
    offer_until = Timestamptz(default=None, null=True)
    booked_at = Timestamptz(default=None)
    confirmed_at = Timestamptz(default=None, null=True)
    cancelled_at = Timestamptz(default=None, null=True)
    done_at = Timestamptz(default=None, null=True)
    version = Integer(default=1)
    joins: ForeignKey[Any] = ForeignKey("self", on_delete=OnDelete.restrict, null=True, default=None)
    body_hash = Bytea(default=b"")
    first_state = Varchar(length=12, default="confirmed")
    first_position = BigInt(default=None, null=True)
    changed_at = Timestamptz(default=None, null=True)
    sequence = Integer(default=0)


class GuestMessage(Table, tablename="guest_message"):
    """What a guest has to be told about a registration or one of its bookings, once it is due; `told_at` says that it was queued for sending."""

    id = UUID(primary_key=True, default=None)
    registration = ForeignKey(Registration, on_delete=OnDelete.restrict, null=False)
    booking = ForeignKey(Booking, on_delete=OnDelete.restrict, null=True, default=None)
    kind = Varchar(length=20, default=None)
    due_at = Timestamptz(default=None, null=True)
    told_at = Timestamptz(default=None, null=True)
    attempts = SmallInt(default=0)


class FormTry(Table, tablename="form_try"):
    """Somebody sent a form of ours: whose address or which contact, as a keyed digest, and when."""

    id = BigSerial(primary_key=True)
    key = Bytea(default=None)
    at = Timestamptz(default=None)
