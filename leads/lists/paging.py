"""One page of a list: from a place on, or back from it, with the places of the pages beside it.

Promises that nothing is skipped or shown twice while leads arrive, because a place is a moment and an id and never a number of rows. A place
that nobody gave out is None.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from crm.database import current
from leads.lists import statements
from leads.lists.filters import Filters
from leads.lists.statements import STREAMS, Key, Sort, Stream

PAGE = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PARTS = 3


class Place(msgspec.Struct, frozen=True):
    """Where a lead stands in a list: in which of its streams, at which moment, which lead."""

    stream: int
    at: datetime
    lead: UUID

    def __str__(self) -> str:
        return f"{self.stream}.{(self.at - _EPOCH) // timedelta(microseconds=1)}.{self.lead.hex}"


class Page(msgspec.Struct, frozen=True):
    """The leads of a page in order; `newer` and `older` are the places to go on from, None at the ends."""

    leads: tuple[UUID, ...]
    newer: Place | None
    older: Place | None


def place(text: str, *, sort: Sort) -> Place | None:
    """The place that an address names."""
    parts = text.split(".")
    if len(parts) != _PARTS:
        return None
    try:
        stream, at = int(parts[0]), _EPOCH + timedelta(microseconds=int(parts[1]))
        return Place(stream, at, UUID(parts[2])) if 0 <= stream < len(STREAMS[sort]) else None
    except (ValueError, OverflowError):
        return None


async def page(
    filters: Filters, *, sort: Sort, after: Place | None = None, before: Place | None = None, limit: int = PAGE
) -> Page:
    """The leads after a place, or those before one; the first page without either."""
    way: Literal["on", "back"] = "back" if before and not after else "on"
    found = await _walk(filters, sort, way=way, start=after or before, limit=limit + 1)
    is_more, shown = len(found) > limit, found[:limit]
    if way == "back":
        shown.reverse()
    has_newer, has_older = (is_more, bool(shown)) if way == "back" else (after is not None, is_more)
    return Page(
        leads=tuple(one.lead for one in shown),
        newer=shown[0] if shown and has_newer else None,
        older=shown[-1] if shown and has_older else None,
    )


async def _walk(
    filters: Filters, sort: Sort, *, way: Literal["on", "back"], start: Place | None, limit: int
) -> list[Place]:
    """So many places in the direction of the way, through the streams of the order one after another."""
    found: list[Place] = []
    for number, stream in _streams(sort, way=way, start=start):
        beyond = (start.at, start.lead) if start and start.stream == number else None
        keys = await _keys(filters, stream, beyond=beyond, way=way, limit=limit - len(found))
        found += [Place(number, at, lead) for at, lead in keys]
        if len(found) >= limit:
            break
    return found


def _streams(sort: Sort, *, way: Literal["on", "back"], start: Place | None) -> Sequence[tuple[int, Stream]]:
    streams = list(enumerate(STREAMS[sort]))
    if way == "on":
        return streams[start.stream if start else 0 :]
    return streams[: start.stream + 1 if start else None][::-1]


async def _keys(
    filters: Filters, stream: Stream, *, beyond: Key | None, way: Literal["on", "back"], limit: int
) -> list[Key]:
    text, values = statements.keys(filters, stream, beyond=beyond, way=way, limit=limit)
    return [(row["at"], row["lead"]) for row in await current().fetch(text, *values)]
