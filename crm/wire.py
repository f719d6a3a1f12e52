"""What anybody may say over the wire about a person and their answers: shapes strict about fields, lenient about how people write.

Promises that a decoded shape has known words in every closed field. Refuses unknown fields. What it means (a phone is a phone, a brand
exists) is for `crm.understanding`, which says every fault at its path at once.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from crm.consent import Purpose
from crm.errors import Fault

Channel = Literal["phone", "sms", "email", "wechat"]

# Control characters have no place in a code, and PostgreSQL keeps no NUL.
PLAIN = r"^[^\x00-\x1f\x7f]+$"

# Nobody means a time beyond these; the ends of the calendar overflow when they are brought to UTC.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PLAIN)]
Line = Annotated[str, msgspec.Meta(max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=2000)]
ExternalId = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PLAIN)]


class Wire(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A part of a body; unknown fields are refused so that a misspelt consent is never silently lost."""


class WeChat(Wire):
    """A WeChat identity; `unionid` is the same only within one open-platform `account`."""

    account: Code
    unionid: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class PersonSaid(Wire):
    name: Line | None = None
    phone: Line | None = None
    email: Line | None = None
    wechat: WeChat | None = None
    vin: Line | None = None


class PlaceSaid(Wire):
    region_code: Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$")] | None = None
    address: Line | None = None
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None


class NoticeShown(Wire):
    id: Code
    version: Code
    language: Code


class ConsentSaid(Wire):
    """One answer to one question; the brands it speaks for are always named."""

    purpose: Purpose
    given: bool
    notice: NoticeShown
    brands: Annotated[list[Code], msgspec.Meta(max_length=20)] = []
    channel: Channel | None = None


def moment_fault(said: datetime | None, *, path: str) -> list[Fault]:
    """The fault of a time that nobody can mean, if it is one."""
    if said is None or EARLIEST <= said < LATEST:
        return []
    return [Fault(path=path, message=f"Say a time between {EARLIEST.year} and {LATEST.year}.")]
