"""How far a campaign came, at the moment of asking: registered to order by brand, landings by channel.

Promises what a count over the two ledgers would say, each registration and each lead once, without counting a million rows: counts are kept
beside the ledgers, and what the ledgers told since is added at each reading. Tells a brand's people nothing of others that is small enough to
point at somebody.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

import msgspec

from campaigns.touchpoints import Fact, Touch
from crm.database import current, lock_stripes, statement, transaction
from crm.reference import BrandFacts
from crm.roles import Scope, numbered
from crm.work import Job

FOLDING = 0x66_6F_6C_64  # "fold": the space of the advisory locks under which news become counts
ENOUGH = 200  # so few news cost nothing to read, and not every one deserves a write
SMALL = 5  # of so few, somebody could be known
ONCE = 0  # the place where each subject is counted once, whatever brand it names


class Figure(IntEnum):
    """What is counted, in the order of the way; the numbers from 1 on are those of the milestones."""

    registered = 0
    lead = Fact.lead
    offered = Fact.offered
    accepted = Fact.accepted
    contacted = Fact.contacted
    test_drive = Fact.test_drive
    deposit = Fact.deposit
    order = Fact.order
    delivered = Fact.delivered
    landing = Touch.landing
    guest = 11  # registrations by channel
    guest_lead = 12  # those of them that became leads


GOALS: tuple[Figure, ...] = tuple(figure for figure in Figure if figure < Figure.landing)
FUNNEL: tuple[Figure, ...] = tuple(figure for figure in GOALS if figure not in (Figure.deposit, Figure.delivered))

Reach = Mapping[Figure, int | None]  # None: so few that it is not told


class Came(NamedTuple):
    """What came by a channel; None where it is so few that a brand's people are not told."""

    visits: int = 0
    registrations: int | None = 0
    leads: int | None = 0


class Figures(msgspec.Struct, frozen=True):
    """A campaign's counts as one reader may know them: by brand, once each, what is only others', and by channel id."""

    brands: dict[int, Reach]
    total: Reach
    others: Reach | None
    channels: dict[int, Came]


class Step(NamedTuple):
    """One step of the funnel; `rate` is of the step before (0..1), None where either is not told or nothing came."""

    figure: Figure
    number: int | None
    rate: float | None


async def figures(campaign: int, scope: Scope) -> Figures:
    """The counts of a campaign; a brand's people get their own exactly, and of the others together only what is not small."""
    rows = await current().fetch(statement("campaigns", "campaign_counts"), campaign)
    counted = {(Figure(row["figure"]), row["place"]): row["number"] for row in rows}
    channels = _by_channel(counted)
    if scope.actor.brand is not None:
        channels = await _own_by_channel(campaign, channels, scope)
    places = {place for figure, place in counted if figure in GOALS}
    total = _reach(counted, ONCE)
    if scope.brand is None:
        return Figures({place: _reach(counted, place) for place in places - {ONCE}}, total, None, channels)
    mine = _reach(counted, scope.brand)
    others, told = _of_others(mine, total, is_alliance=scope.actor.brand is None)
    return Figures({scope.brand: mine}, told, others, channels)


def steps(reach: Reach) -> list[Step]:
    """The funnel of a reach, each step beside the one before it."""
    return [
        Step(figure, reach[figure], _rate(reach[figure], reach[FUNNEL[place - 1]]) if place else None)
        for place, figure in enumerate(FUNNEL)
    ]


def shown(brands: Iterable[BrandFacts], partners: set[int], counted: Figures, scope: Scope) -> list[BrandFacts]:
    """The brands whose row a reader gets: partners, and every other one that somebody asked for; of a brand's people their own alone."""
    return [
        brand
        for brand in sorted(brands, key=lambda one: one.rank)
        if (brand.id in partners or brand.id in counted.brands) and scope.brand in (None, brand.id)
    ]


async def fold(campaign: int) -> None:
    """Put the news of a campaign into its counts."""
    # The lock comes first and in a statement of its own: the next one then sees all that an earlier fold left behind.
    await lock_stripes(FOLDING, [str(campaign)])
    await current().execute(statement("campaigns", "fold_campaign_news"), campaign)


async def fold_due(_: datetime) -> int:
    """Fold the campaign with the most news, when these are enough to be worth it."""
    async with transaction():
        campaign = await current().fetchval(_MOST_NEWS, ENOUGH)
        if campaign is None:
            return 0
        await fold(campaign)
    return 1


def _reach(counted: Mapping[tuple[Figure, int], int], place: int) -> dict[Figure, int | None]:
    return {figure: counted.get((figure, place), 0) for figure in GOALS}


def _by_channel(counted: Mapping[tuple[Figure, int], int]) -> dict[int, Came]:
    places = {place for figure, place in counted if figure >= Figure.landing}
    kinds = (Figure.landing, Figure.guest, Figure.guest_lead)
    return {place: Came(*(counted.get((figure, place), 0) for figure in kinds)) for place in places}


async def _own_by_channel(campaign: int, channels: Mapping[int, Came], scope: Scope) -> dict[int, Came]:
    """The same for a brand's people: visits, which are of nobody known, and of those who registered their own guests alone."""
    text, values = numbered(_OWN_BY_CHANNEL, [scope.of_registrations()], campaign)
    own = {row["channel"]: row for row in await current().fetch(text, *values)}
    return {
        place: Came(
            came.visits, own[place]["guests"] if place in own else 0, own[place]["leads"] if place in own else 0
        )
        for place, came in channels.items()
    }


def _of_others(mine: Reach, total: Reach, *, is_alliance: bool) -> tuple[Reach, Reach]:
    """What is not this brand's, and the total beside it: where the difference is small neither is told, for one gives the other."""
    others = {figure: (total[figure] or 0) - (mine[figure] or 0) for figure in GOALS}
    hidden = set() if is_alliance else {figure for figure, number in others.items() if number < SMALL}
    return (
        {figure: None if figure in hidden else number for figure, number in others.items()},
        {figure: None if figure in hidden else total[figure] for figure in GOALS},
    )


def _rate(count: int | None, before: int | None) -> float | None:
    return count / before if count is not None and before else None


# Guests who may be counted, by the way they came. Grain: one row per channel. $1 campaign. Condition: on registration.
_OWN_BY_CHANNEL = """
select channel, count(*) as guests, count(lead) as leads from registration
where campaign = $1 and channel is not null and {} group by channel
"""
_MOST_NEWS = "select campaign from campaign_news group by campaign having count(*) >= $1 order by count(*) desc, campaign limit 1"
JOB = Job("counts", fold_due)
