"""An event or a booked slot as a calendar takes it: RFC 5545, one appointment in one file, in the guest's language.

Promises an appointment that keeps its name (UID) through every change, so that calendars move or remove it; times in UTC; and nothing about
the guest in it. Refuses nothing: an event without times becomes an appointment of whole days.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

Method = Literal["REQUEST", "CANCEL"]
LONGEST = 75  # bytes of a line, as RFC 5545 folds them
PRODUCT = "-//Marquee//Events//EN"


class Appointment(msgspec.Struct, frozen=True, kw_only=True):
    """What a calendar shows: `starts` and `ends` are aware moments, or days, the last included; `id` is the registration's or booking's."""

    id: UUID
    title: str
    starts: datetime | date
    ends: datetime | date | None
    venue: str | None
    description: str
    url: str | None
    sequence: int
    method: Method
    written_at: datetime


def written(it: Appointment) -> bytes:
    """The file, to be served as text/calendar with its method."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        f"METHOD:{it.method}",
        "BEGIN:VEVENT",
        f"UID:{it.id}@marquee",
        f"DTSTAMP:{_utc(it.written_at)}",
        f"SEQUENCE:{it.sequence}",
        *_times(it),
        f"SUMMARY:{_text(it.title)}",
        *([f"LOCATION:{_text(it.venue)}"] if it.venue else []),
        f"DESCRIPTION:{_text(it.description)}",
        *([f"URL:{it.url}"] if it.url else []),
        # RFC 5546 wants to know who organises what is requested; nobody reads answers there.
        "ORGANIZER;CN=Marquee:mailto:noreply@marquee.invalid",
        f"STATUS:{'CANCELLED' if it.method == 'CANCEL' else 'CONFIRMED'}",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines).encode()


def _times(it: Appointment) -> list[str]:
    if isinstance(it.starts, datetime):
        ends = it.ends if isinstance(it.ends, datetime) else it.starts + timedelta(hours=1)
        return [f"DTSTART:{_utc(it.starts)}", f"DTEND:{_utc(ends)}"]
    last = it.ends if it.ends is not None and not isinstance(it.ends, datetime) else it.starts
    # The end of whole days is the first day that is free again.
    return [f"DTSTART;VALUE=DATE:{it.starts:%Y%m%d}", f"DTEND;VALUE=DATE:{last + timedelta(days=1):%Y%m%d}"]


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    for sign, written_as in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        text = text.replace(sign, written_as)
    return "".join(sign for sign in text if sign.isprintable())


def _folded(line: str) -> str:
    """The line in pieces that fit, each but the first behind a space; no character is cut in two."""
    pieces: list[str] = []
    piece = ""
    for sign in line:
        if len((piece + sign).encode()) > LONGEST - bool(pieces):
            pieces.append(piece)
            piece = ""
        piece += sign
    return "\r\n ".join([*pieces, piece])
