"""Who is to be invited, with which words, and every message that goes out: a row is the queue, and the budget's ledger beside it.

What was written to somebody is never here: a message names its template and its person, and the words are made when it is sent.
"""

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    Boolean,
    Bytea,
    ForeignKey,
    Integer,
    OnDelete,
    Serial,
    SmallInt,
    Time,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from campaigns.tables.events import Event, GuestMessage
from campaigns.tables.planning import Campaign, Channel
from crm.tables import Brand, Staff


class Audience(Table, tablename="audience"):
    """A question about people, kept as its filter; no brand means that it is the alliance's. Who is in it is asked anew each time."""

    id: Serial
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=True, default=None)
    name = Varchar(length=120, default=None)
    filter = JSONB(default="{}")
    created_by = ForeignKey(Staff, on_delete=OnDelete.restrict, null=False)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)
    closed_at = Timestamptz(default=None, null=True)
    version = Integer(default=1)


class MessageTemplate(Table, tablename="message_template"):
    """Words to send, by language; `approval` is the SMS gateway's word on them: draft, submitted, approved or refused."""

    id: Serial
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=True, default=None)
    name = Varchar(length=120, default=None)
    channel = Varchar(length=10, default=None)
    texts = JSONB(default="{}")
    approval = Varchar(length=10, default="draft")
    approval_reference = Varchar(length=80, default=None, null=True)
    approval_reason = Varchar(length=200, default=None, null=True)
    created_by = ForeignKey(Staff, on_delete=OnDelete.restrict, null=False)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)
    closed_at = Timestamptz(default=None, null=True)
    version = Integer(default=1)


class Mailing(Table, tablename="mailing"):
    """One sending of a campaign to an audience: draft, planned, running, paused, held (it asks a person), done or cancelled.

    No brand means that the alliance speaks. `round` 1 invites, later ones remind. `texts` and `filter` are what was sent, kept from the start on.
    """

    id = UUID(primary_key=True, default=None)
    campaign = ForeignKey(Campaign, on_delete=OnDelete.restrict, null=False)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=True, default=None)
    name = Varchar(length=120, default=None)
    channel = Varchar(length=10, default=None)
    round = SmallInt(default=1)
    priority = SmallInt(default=None)
    audience = ForeignKey(Audience, on_delete=OnDelete.restrict, null=False)
    template = ForeignKey(MessageTemplate, on_delete=OnDelete.restrict, null=True, default=None)
    event = ForeignKey(Event, on_delete=OnDelete.restrict, null=True, default=None)
    way = ForeignKey(Channel, on_delete=OnDelete.restrict, null=True, default=None)
    filter = JSONB(default=None, null=True)
    texts = JSONB(default=None, null=True)
    language = Varchar(length=12, default=None)
    state = Varchar(length=10, default="draft")
    due_at = Timestamptz(default=None, null=True)
    started_at = Timestamptz(default=None, null=True)
    ended_at = Timestamptz(default=None, null=True)
    created_by = ForeignKey(Staff, on_delete=OnDelete.restrict, null=False)
    created_at = Timestamptz(default=None)
    version = Integer(default=1)


class Message(Table, tablename="message"):
    """One message to one person: of a mailing, or (a guest's) about a registration.

    `state` is queued, sending (until `claimed_until`), sent, delivered, bounced, failed or suppressed; `reason` says why it waits or will not
    go, `next_at` when it could. `brands` are those it spoke for.
    """

    id = UUID(primary_key=True, default=None)
    kind = Varchar(length=14, default=None)
    priority = SmallInt(default=None)
    mailing = ForeignKey(Mailing, on_delete=OnDelete.restrict, null=True, default=None)
    guest_message = ForeignKey(GuestMessage, on_delete=OnDelete.restrict, null=True, default=None)
    campaign = ForeignKey(Campaign, on_delete=OnDelete.restrict, null=True, default=None)
    sender = Integer(default=0)
    round = SmallInt(default=1)
    channel = Varchar(length=10, default=None)
    person = UUID(default=None)
    language = Varchar(length=12, default=None)
    state = Varchar(length=10, default="queued")
    reason = Varchar(length=20, default=None, null=True)
    detail = JSONB(default=None, null=True)
    due_at = Timestamptz(default=None)
    next_at = Timestamptz(default=None, null=True)
    claimed_until = Timestamptz(default=None, null=True)
    claimed_by = UUID(default=None, null=True)
    attempts = SmallInt(default=0)
    brands = Array(base_column=Integer(), default=list)
    address_key = Bytea(default=None, null=True)
    gateway_id = Varchar(length=120, default=None, null=True)
    sent_at = Timestamptz(default=None, null=True)
    ended_at = Timestamptz(default=None, null=True)
    opened_at = Timestamptz(default=None, null=True)
    clicked_at = Timestamptz(default=None, null=True)


class ContactUse(Table, tablename="contact_use"):
    """A person was, or is just being, written to: what the alliance-wide budget counts.

    `sent_at` is empty from the reservation until the message went out; a message that came to nothing gives its use back.
    """

    id = UUID(primary_key=True, default=None)
    person = UUID(default=None)
    kind = Varchar(length=14, default=None)
    brand = Integer(default=None, null=True)
    channel = Varchar(length=10, default=None)
    message = UUID(default=None)
    reserved_at = Timestamptz(default=None)
    sent_at = Timestamptz(default=None, null=True)


class ContactRule(Table, tablename="contact_rule"):
    """How often and when people may be written to, for the whole alliance: one row. Hours are local, on the clock of `zone`."""

    id = SmallInt(primary_key=True, default=1)
    budget = SmallInt(default=2)
    days = SmallInt(default=7)
    opens = Time(default=None)
    closes = Time(default=None)
    zone = Varchar(length=40, default="Asia/Shanghai")
    spares_owners = Boolean(default=True)
    segments = SmallInt(default=3)
    signature_zh = Varchar(length=20, default=None)
    signature_en = Varchar(length=20, default=None)
    version = Integer(default=1)


class ContactStop(Table, tablename="contact_stop"):
    """An address that nothing is sent to any more, by its keyed digest: it bounced for good, or somebody there answered stop."""

    id: Serial
    channel = Varchar(length=10, default=None)
    address_key = Bytea(default=None)
    reason = Varchar(length=12, default=None)
    at = Timestamptz(default=None)


class SenderPulse(Table, tablename="sender_pulse"):
    """When a worker last looked after mailings: after a long silence they ask before they go on. One row."""

    id = SmallInt(primary_key=True, default=1)
    at = Timestamptz(default=None)


class SentSample(Table, tablename="sent_sample"):
    """What would have been sent where no gateway is set up; the whole letter is sealed."""

    id = UUID(primary_key=True, default=None)
    message = UUID(default=None)
    channel = Varchar(length=10, default=None)
    kind = Varchar(length=14, default=None)
    letter = Bytea(default=None)
    at = Timestamptz(default=None)


class HookCall(Table, tablename="hook_call"):
    """A signed call of the SMS gateway that was heard already: the same one again does nothing."""

    id = Bytea(primary_key=True, default=None)
    at = Timestamptz(default=None)
