"""Which campaign, event and booth a contact came from, by what the form or the file calls them.

Promises that a code or name nobody planned is no error: it becomes a `found` campaign, event or booth that waits to be
claimed, once however many leads name it at the same moment. An event without a campaign brings its own; a booth without
an event is not kept.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from crm.database import current, statement


class Occasion(NamedTuple):
    """Where a lead says it was met: codes or names, as written."""

    campaign: str | None = None
    event: str | None = None
    booth: str | None = None


class Known(NamedTuple):
    """The same occasion by our ids."""

    campaign: int | None = None
    event: int | None = None
    booth: int | None = None


async def locate(said: Collection[Occasion], *, at: datetime) -> dict[Occasion, Known]:
    """The ids behind many occasions at once; what is unknown is created as found.

    Asks the database each time (one statement when all is known): an id remembered from a transaction that fails later
    would be wrong.
    """
    known = await _known(said)
    if any(_is_incomplete(occasion, known[occasion]) for occasion in said):
        await _find(said, at=at)
        known = await _known(said)
    return known


async def campaign_of(code: str, *, at: datetime) -> int:
    """The campaign with this code or name, created as found when nobody planned it."""
    known = (await locate([Occasion(campaign=code)], at=at)).popitem()[1]
    return _certain(known.campaign)


async def event_of(code: str, *, campaign: str | None = None, at: datetime) -> int:
    """The event with this code or name; a found one belongs to `campaign`, or to one of its own name."""
    known = (await locate([Occasion(campaign=campaign, event=code)], at=at)).popitem()[1]
    return _certain(known.event)


async def _known(said: Collection[Occasion]) -> dict[Occasion, Known]:
    asked = list(dict.fromkeys(said))
    rows = await current().fetch(statement("campaigns", "known_occasions"), *_columns(asked))
    return dict(zip(asked, (Known(*row.values()) for row in rows), strict=True))


async def _find(said: Iterable[Occasion], *, at: datetime) -> None:
    # Each statement writes in the order of codes: two imports of the same news wait for each other, not both at once.
    columns = _columns(sorted(set(said), key=lambda occasion: tuple(part or "" for part in occasion)))
    await current().execute(statement("campaigns", "find_campaigns"), *columns[:2], at)
    await current().execute(statement("campaigns", "find_events"), *columns[:2])
    await current().execute(statement("campaigns", "find_booths"), *columns[1:])


def _columns(said: Iterable[Occasion]) -> tuple[list[Any], list[Any], list[Any]]:
    campaigns, events, booths = map(list, zip(*said, strict=True)) if said else ([], [], [])
    return campaigns, events, booths


def _is_incomplete(occasion: Occasion, known: Known) -> bool:
    return (
        (known.campaign is None and (occasion.campaign or occasion.event) is not None)
        or (known.event is None and occasion.event is not None)
        or (known.booth is None and occasion.booth is not None and occasion.event is not None)
    )


def _certain(found: int | None) -> int:
    if found is None:
        raise LookupError("an occasion was neither known nor created")
    return found
