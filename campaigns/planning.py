"""Campaigns, their events and booths: who plans them, and which of them a lead came from.

Promises that a code or name nobody planned is no error: it becomes a `found` campaign, event or booth that waits to be
claimed, once however many leads name it at the same moment. An event without a campaign brings its own; a booth without
an event is not kept.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from campaigns.tables import Campaign, Event, Partner
from crm import reference
from crm.database import current, statement

TIME_ZONE = "Asia/Shanghai"


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


class Showcase(NamedTuple):
    """A joint show of all brands: one campaign with one event."""

    code: str
    name: str
    starts_on: date
    ends_on: date


SHOWCASES = (
    Showcase("chengdu-2025", "成都车展2025 联盟展台", date(2025, 8, 29), date(2025, 9, 7)),
    Showcase("shanghai-2025", "Shanghai alliance showcase 2025", date(2025, 12, 9), date(2025, 12, 14)),
)


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


async def seed_showcases(shows: Iterable[Showcase] = SHOWCASES, *, at: datetime) -> None:
    """Plan shows with all brands as equal partners; what is already there stays as it is, safe to repeat."""
    brands = sorted((await reference.load()).brands.values(), key=lambda brand: brand.rank)
    for show in shows:
        campaign = await _plan(show, at=at)
        partners = (Partner(campaign=campaign, brand=brand.id, share=Decimal(1) / len(brands)) for brand in brands)
        await Partner.insert(*partners).on_conflict((Partner.campaign, Partner.brand), "DO NOTHING")


async def _plan(show: Showcase, *, at: datetime) -> int:
    planned = Campaign(code=show.code, name=show.name, status=_status(show, at=at), created_at=at)
    planned.starts_on, planned.ends_on = show.starts_on, show.ends_on
    await Campaign.insert(planned).on_conflict(Campaign.code, "DO NOTHING")
    campaign = await campaign_of(show.code, at=at)
    event = Event(campaign=campaign, code=show.code, name=show.name, starts_on=show.starts_on, ends_on=show.ends_on)
    await Event.insert(event).on_conflict(Event.code, "DO NOTHING")
    return campaign


def _status(show: Showcase, *, at: datetime) -> str:
    today = at.astimezone(ZoneInfo(TIME_ZONE)).date()
    if today < show.starts_on:
        return "scheduled"
    return "live" if today <= show.ends_on else "closed"


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
