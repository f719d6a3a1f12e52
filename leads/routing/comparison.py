"""What a trial changed, counted decision by decision, and the figures that come of it: who moves, how far, how fairly, how full.

Promises figures and codes alone: no person is in them. A tally can be put away between two decisions and taken up again.
"""

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

import msgspec

from leads.routing.choice import Share
from leads.routing.trial import Decided, Past, differs

K = TypeVar("K", int, str)

EXAMPLES = 40
EXAMPLES_OF_A_CITY = 3
ROUNDING = 1e-9
METRES = 100  # distances are kept to this, so that a median needs a counter per step and not every lead


class PoolTally(msgspec.Struct):
    """How often a pool was decided, and how often each of its stores won."""

    decided: int = 0
    won: dict[int, int] = {}
    weights: dict[int, int] = {}


class DayTally(msgspec.Struct):
    """A store's day: what this brand gave it, the most it had of all brands, and what it can take."""

    given: int = 0
    most: int = 0
    capacity: int = 0


class SideTally(msgspec.Struct):
    """The past, or what was tried."""

    offers: int = 0
    tiers: dict[str, int] = {}
    ends: dict[str, int] = {}
    steps: dict[int, int] = {}
    metres: int = 0
    pools: dict[str, PoolTally] = {}
    days: dict[str, dict[int, DayTally]] = {}
    given: dict[int, int] = {}
    due: dict[int, float] = {}

    def count(self, decided: Decided, *, day: str, is_last: bool) -> None:
        """One more decision of this side."""
        if is_last:
            _more(self.ends, decided.outcome)
        if decided.stayed or (won := decided.won) is None:
            return
        self.offers += 1
        _more(self.tiers, decided.tier or "")
        _more(self.given, won.store)
        self._count_distance(won)
        self._count_pool(decided)
        self._count_day(won, day=day)

    def _count_distance(self, won: Share) -> None:
        if won.distance_m is not None:
            _more(self.steps, round(won.distance_m / METRES))
            self.metres += won.distance_m

    def _count_pool(self, decided: Decided) -> None:
        for share in decided.pool:
            self.due[share.store] = self.due.get(share.store, 0) + share.share
        if len(decided.pool) > 1 and decided.pool_key and decided.winner is not None:
            pool = self.pools.setdefault(decided.pool_key.hex(), PoolTally())
            pool.decided += 1
            pool.weights = pool.weights or {share.store: share.weight for share in decided.pool}
            _more(pool.won, decided.winner)

    def _count_day(self, won: Share, *, day: str) -> None:
        at = self.days.setdefault(day, {}).setdefault(won.store, DayTally())
        at.given += 1
        at.most = max(at.most, won.offered + 1)
        at.capacity = max(at.capacity, won.capacity)


class CityTally(msgspec.Struct):
    """The interests of a city, and from where to where they move (codes of stores, else the queue or hold)."""

    interests: int = 0
    moved: int = 0
    moves: dict[str, dict[str, int]] = {}


class Place(msgspec.Struct, frozen=True):
    """Where a decision left an interest: a store by its code, or None and the outcome says which queue or hold."""

    outcome: str
    store: str | None
    tier: str | None
    distance_m: int | None


class Example(msgspec.Struct, frozen=True):
    """One interest that moves, with the receipt of the decision that came out otherwise."""

    interest: UUID
    receipt: UUID
    city: str | None
    past: Place
    tried: Place


class Tally(msgspec.Struct):
    """Everything counted so far; `stayed` are decisions that never came in the trial, `reached` those that found more stores than their receipt."""

    decisions: int = 0
    interests: int = 0
    moved: int = 0
    stayed: int = 0
    reached: int = 0
    past: SideTally = msgspec.field(default_factory=SideTally)
    tried: SideTally = msgspec.field(default_factory=SideTally)
    cities: dict[str, CityTally] = {}
    codes: dict[int, str] = {}
    examples: list[Example] = []

    def count(self, past: Past, tried: Decided, *, city: str | None, moved_before: bool) -> None:
        """One more decision, as it was and as it came out now; `moved_before` when an earlier one of the interest differed already."""
        self.decisions += 1
        self.stayed += tried.stayed
        for share in (*past.decided.pool, *tried.pool):
            self.codes.setdefault(share.store, share.code)
        self.past.count(past.decided, day=past.day, is_last=past.is_last)
        self.tried.count(tried, day=past.day, is_last=past.is_last)
        here = self.cities.setdefault(city or "", CityTally())
        self.interests += past.is_last
        here.interests += past.is_last
        if differs(past.decided, tried) and not moved_before:
            self._count_move(past, tried, here, city=city)

    def _count_move(self, past: Past, tried: Decided, here: CityTally, *, city: str | None) -> None:
        before, after = self._place(past.decided), self._place(tried)
        self.moved += 1
        here.moved += 1
        _more(here.moves.setdefault(before.store or before.outcome, {}), after.store or after.outcome)
        if here.moved <= EXAMPLES_OF_A_CITY and len(self.examples) < EXAMPLES:
            self.examples.append(Example(past.interest, past.receipt, city, before, after))

    def _place(self, decided: Decided) -> Place:
        won = decided.won
        return Place(decided.outcome, won.code if won else None, decided.tier, won.distance_m if won else None)


class Side(msgspec.Struct, frozen=True):
    """The figures of one side. Kilometres are those of offers.

    `uneven` is the largest distance of a store from its fair share of a pool, in leads per unit of weight; `full_days` of `store_days` had
    nothing left, for whatever brand.
    """

    offers: int
    stores: int
    tiers: dict[str, int]
    ends: dict[str, int]
    mean_km: float | None
    median_km: float | None
    p90_km: float | None
    pools: int
    uneven: float | None
    store_days: int
    full_days: int
    use: float | None


class Move(msgspec.Struct, frozen=True):
    """So many interests go from one store (or queue, or hold) to another."""

    past: str
    tried: str
    count: int


class CityFigures(msgspec.Struct, frozen=True):
    city: str | None
    interests: int
    moved: int
    moves: list[Move]


class StoreFigures(msgspec.Struct, frozen=True):
    """What a store was given, and its fair share of the pools in which it competed, before and after."""

    store: str
    past: int
    past_due: float
    tried: int
    tried_due: float


class Result(msgspec.Struct, frozen=True):
    """The answer to "what if"; every interest counts once, every decision of it as an offer."""

    interests: int
    decisions: int
    moved: int
    stayed: int
    reached: int
    past: Side
    tried: Side
    cities: list[CityFigures]
    stores: list[StoreFigures]
    examples: list[Example]


def figures(tally: Tally) -> Result:
    """The figures of everything counted; cities and stores with the largest changes first."""
    return Result(
        interests=tally.interests,
        decisions=tally.decisions,
        moved=tally.moved,
        stayed=tally.stayed,
        reached=tally.reached,
        past=_side(tally.past),
        tried=_side(tally.tried),
        cities=sorted(_cities(tally), key=lambda one: (-one.moved, -one.interests, one.city or "")),
        stores=sorted(_stores(tally), key=lambda one: (-abs(one.tried - one.past), one.store)),
        examples=tally.examples,
    )


def _side(side: SideTally) -> Side:
    measured = sum(side.steps.values())
    days = [day for stores in side.days.values() for day in stores.values()]
    return Side(
        offers=side.offers,
        stores=len(side.given),
        tiers=side.tiers,
        ends=side.ends,
        mean_km=round(side.metres / measured / 1000, 2) if measured else None,
        median_km=_percentile(side.steps, 0.5),
        p90_km=_percentile(side.steps, 0.9),
        pools=len(side.pools),
        uneven=max(map(_uneven, side.pools.values()), default=None),
        store_days=len(days),
        full_days=sum(day.most >= day.capacity for day in days),
        use=round(sum(day.most for day in days) / sum(day.capacity for day in days), 4) if days else None,
    )


def _percentile(steps: dict[int, int], part: float) -> float | None:
    """The smallest distance that this part of all offers does not exceed, in kilometres."""
    left = part * sum(steps.values())
    for step in sorted(steps):
        left -= steps[step]
        if left <= ROUNDING:
            return round(step * METRES / 1000, 1)
    return None


def _uneven(pool: PoolTally) -> float:
    total = sum(pool.weights.values())
    gaps = (
        abs(pool.won.get(store, 0) - pool.decided * weight / total) / weight for store, weight in pool.weights.items()
    )
    return round(max(gaps), 3)


def _cities(tally: Tally) -> Iterable[CityFigures]:
    for city, one in tally.cities.items():
        moves = [Move(past, tried, count) for past, to in one.moves.items() for tried, count in to.items()]
        moves.sort(key=lambda move: (-move.count, move.past, move.tried))
        yield CityFigures(city or None, one.interests, one.moved, moves)


def _stores(tally: Tally) -> Iterable[StoreFigures]:
    past, tried = tally.past, tally.tried
    for store in past.due.keys() | tried.due.keys():
        yield StoreFigures(
            store=tally.codes[store],
            past=past.given.get(store, 0),
            past_due=round(past.due.get(store, 0), 1),
            tried=tried.given.get(store, 0),
            tried_due=round(tried.due.get(store, 0), 1),
        )


def _more(counts: dict[K, int], what: K) -> None:
    counts[what] = counts.get(what, 0) + 1
