"""Campaigns and events by their days, and which of them get into each other's way.

Promises that nothing is shown, or named as a clash, that the reader may not see. Two things clash that share a day, a city and a partner brand,
and are not parts of one campaign.
"""

from datetime import date
from typing import Literal

import msgspec
from asyncpg import Record

from crm.database import current, statement
from crm.roles import Scope, numbered

Kind = Literal["campaign", "event"]


class Entry(msgspec.Struct, frozen=True):
    """Something with days, both inclusive and on the campaign's calendar."""

    kind: Kind
    id: int
    campaign: int
    code: str
    campaign_code: str
    name: str
    status: str
    region: str | None
    starts_on: date
    ends_on: date


class Clash(msgspec.Struct, frozen=True):
    """Two things that get into each other's way: the one asked about, the other, where, on how many days from when, and for which brands."""

    mine: Entry
    other: Entry
    starts_on: date
    ends_on: date
    brands: tuple[int, ...]


async def entries(scope: Scope, *, since: date, until: date) -> list[Entry]:
    """What falls on these days, longest first among those that begin together."""
    text, values = numbered(statement("campaigns", "calendar_entries"), [scope.of_campaigns()], since, until)
    return [_entry(row) for row in await current().fetch(text, *values)]


async def clashes(scope: Scope, *, since: date, until: date, campaign: int | None = None) -> list[Clash]:
    """What of these days clashes, each pair once; with `campaign` only what clashes with it or its events."""
    found = await entries(scope, since=since, until=until)
    partners = await _partners({one.campaign for one in found})
    mine = [one for one in found if campaign is None or one.campaign == campaign]
    pairs = []
    for one in mine:
        for other in found:
            if campaign is None and (other.kind, other.id) <= (one.kind, one.id):
                continue
            if clash := _clash(one, other, partners):
                pairs.append(clash)
    return _tellingly(pairs)


def _clash(one: Entry, other: Entry, partners: dict[int, set[int]]) -> Clash | None:
    first, last = max(one.starts_on, other.starts_on), min(one.ends_on, other.ends_on)
    shared = partners.get(one.campaign, set()) & partners.get(other.campaign, set())
    if one.campaign == other.campaign or first > last or not shared:
        return None
    if one.region is None or _city(one.region) != _city(other.region):
        return None
    return Clash(one, other, first, last, tuple(sorted(shared)))


def _tellingly(pairs: list[Clash]) -> list[Clash]:
    """Of two campaigns that clash by their events as well, the events say it better."""
    by_event = {(one.mine.campaign, one.other.campaign) for one in pairs if "event" in (one.mine.kind, one.other.kind)}
    both = by_event | {(other, mine) for mine, other in by_event}
    told = [
        one
        for one in pairs
        if "event" in (one.mine.kind, one.other.kind) or (one.mine.campaign, one.other.campaign) not in both
    ]
    return sorted(told, key=lambda one: (one.starts_on, one.mine.name, one.other.name))


def _city(region: str | None) -> str | None:
    # Municipalities are their own cities, so the first two digits say it there; elsewhere the first four.
    if region is None:
        return None
    return region[:2] if region[:2] in ("11", "12", "31", "50") else region[:4]


async def _partners(campaigns: set[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    rows = await current().fetch(
        "select campaign, brand from partner where campaign = any($1::int[])", sorted(campaigns)
    )
    for row in rows:
        found.setdefault(row["campaign"], set()).add(row["brand"])
    return found


def _entry(row: Record) -> Entry:
    return Entry(*row.values())
