"""What a source may say in one lead: the wire shapes of capture, strict about fields and lenient about how people write.

Promises that a decoded `LeadBody` has known words in every closed field. Refuses unknown fields. Whether the person can be reached, a phone
is a phone and a brand exists is for `leads.reading`, which then says every fault at its path at once. What is said of persons alone is
`crm.wire`.
"""

from typing import Annotated, Literal

import msgspec

from crm.consent import Purpose
from crm.wire import (
    PLAIN,
    Channel,
    Code,
    ConsentSaid,
    ExternalId,
    Line,
    Moment,
    NoticeShown,
    PersonSaid,
    PlaceSaid,
    Text,
    WeChat,
    Wire,
    moment_fault,
)

__all__ = [
    "PLAIN",
    "Channel",
    "ConsentSaid",
    "ContactPreference",
    "InterestKind",
    "InterestSaid",
    "LeadBody",
    "Moment",
    "NoticeShown",
    "Origin",
    "PersonSaid",
    "PlaceSaid",
    "Purpose",
    "SourceKind",
    "TradeInSaid",
    "WeChat",
    "moment_fault",
]

SourceKind = Literal["event_desk", "web_form", "mini_program", "phone", "walk_in", "ad_platform", "import"]
InterestKind = Literal["buy", "test_drive", "call_back", "lease", "other"]


class Origin(Wire):
    kind: SourceKind
    campaign: Code | None = None
    event: Code | None = None
    booth: Code | None = None


class InterestSaid(Wire):
    kind: InterestKind
    brand: Code | None = None
    model: Code | None = None
    rank: Annotated[int, msgspec.Meta(ge=1, le=99)] | None = None
    preferred_store: Code | None = None


class TradeInSaid(Wire):
    make: Line | None = None
    model: Line | None = None
    year: Annotated[int, msgspec.Meta(ge=1950, le=2100)] | None = None
    vin: Line | None = None


class ContactPreference(Wire):
    channel: Channel | None = None
    not_before: Moment | None = None
    note: Text | None = None


class LeadBody(Wire):
    external_id: ExternalId
    captured_at: Moment
    source: Origin
    person: PersonSaid
    place: PlaceSaid | None = None
    interests: Annotated[list[InterestSaid], msgspec.Meta(max_length=20)] = []
    trade_in: TradeInSaid | None = None
    contact_preference: ContactPreference | None = None
    consents: Annotated[list[ConsentSaid], msgspec.Meta(max_length=60)] = []
    remark: Text | None = None
