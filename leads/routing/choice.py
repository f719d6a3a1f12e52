"""The choice of a store as pure arithmetic: facts and credits in, the pool, its winner and everybody else's reason out.

Promises the same answer for the same facts for ever, so that a receipt can be replayed. Knows no database and no clock.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from leads.routing.policies import Policy, Tier

Outcome = Literal["offered", "alliance_queue", "no_franchise", "no_capacity", "no_place", "no_consent"]
# No policy names `manual`: it is the circle of the one store that somebody chose by hand.
Circle: TypeAlias = Tier | Literal["manual"]

MOST_OTHERS = 50


class WishFacts(msgspec.Struct, frozen=True):
    """What was wished and where.

    The point is rounded to about a kilometre: the distances were measured before, and it may be somebody's home.
    """

    brand: int
    kind: str
    capability: str
    captured_at: datetime
    region: str | None
    longitude: float | None
    latitude: float | None
    preferred_store: int | None
    only_store: int | None


class Candidate(msgspec.Struct, frozen=True, array_like=True):
    """A store that may sell the brand, seen from the wish.

    `shares` is the smallest division both lie in, `bar` what forbids the store for this wish on any day. Without a
    point there is neither a distance nor anything shared.
    """

    store: int
    code: str
    distance_m: int | None
    shares: Literal["district", "city", "province"] | None
    weight: int
    capacity: int
    offered: int
    bar: Literal["no_capability", "refused_before"] | None


class ByHand(msgspec.Struct, frozen=True):
    """The store that somebody of ours chose, and the code of their reason."""

    store: int
    reason: str


class Facts(msgspec.Struct, frozen=True):
    """Everything one choice knows.

    `sellers` counts the brand's stores on the day, `elsewhere` all stores that were no candidates, by reason.
    """

    wish: WishFacts
    rules: Policy
    held_by: int | None
    ended_offers: int
    sellers: int
    elsewhere: dict[str, int]
    candidates: tuple[Candidate, ...]
    by_hand: ByHand | None = None


class Field(msgspec.Struct, frozen=True):
    """Who competes: the pool of the first tier that has anybody, or the outcome that stands in its place."""

    outcome: Outcome
    tier: Circle | None = None
    pool: tuple[Candidate, ...] = ()
    pool_key: bytes | None = None


class Share(msgspec.Struct, frozen=True):
    """A store of the pool and its credit in weight units; `share` is its fair part of the pool's leads."""

    store: int
    code: str
    distance_m: int | None
    weight: int
    capacity: int
    offered: int
    credit_before: int
    share: float
    credit_after: int


class Other(msgspec.Struct, frozen=True):
    """A store that did not compete, and why."""

    store: int
    code: str
    distance_m: int | None
    reason: str


class Choice(msgspec.Struct, frozen=True):
    """The answer: `refused` counts by reason the stores that are neither in the pool nor among the nearest others."""

    outcome: Outcome
    tier: Circle | None
    pool_key: bytes | None
    winner: int | None
    pool: tuple[Share, ...]
    others: tuple[Other, ...]
    refused: dict[str, int]


def choose(facts: Facts, *, credits_before: Mapping[int, int]) -> Choice:
    """The whole choice; `credits_before` are those of the pool that `field_of` finds, a store without one has none."""
    return award(facts, field_of(facts), credits_before=credits_before)


def field_of(facts: Facts) -> Field:
    """Who competes for this wish, before anybody's credit is known."""
    if not facts.sellers:
        return Field("no_franchise")
    if facts.by_hand is not None:
        return _chosen_by_hand(facts, facts.by_hand)
    if facts.ended_offers >= facts.rules.max_offers:
        return Field("alliance_queue")
    reachable = [
        (tier_of(candidate, facts), candidate) for candidate in facts.candidates if _is_allowed(candidate, facts)
    ]
    for tier in facts.rules.tiers:
        if able := [candidate for reached, candidate in reachable if reached == tier and _is_able(candidate)]:
            pool = _near_enough(able, facts.rules)
            return Field("offered", tier, pool, _pool_key(facts.wish.brand, pool))
    return Field(_why_nobody(candidate for tier, candidate in reachable if tier) or _nowhere(facts))


def award(facts: Facts, field: Field, *, credits_before: Mapping[int, int]) -> Choice:
    """Give every store of the pool its share and let the one with the highest credit pay for all of it."""
    winner, pool = contest(field, credits_before=credits_before)
    others, refused = _others(facts, field)
    return Choice(field.outcome, field.tier, field.pool_key, winner, pool, others, refused)


def contest(field: Field, *, credits_before: Mapping[int, int]) -> tuple[int | None, tuple[Share, ...]]:
    """The winner of a pool and what everybody in it is owed afterwards, without a word about those outside."""
    total = sum(candidate.weight for candidate in field.pool)
    raised = {c.store: credits_before.get(c.store, 0) + c.weight for c in field.pool}
    first = min(field.pool, key=lambda c: (-raised[c.store], c.distance_m or 0, c.code), default=None)
    winner = first.store if first else None
    shares = tuple(
        Share(
            store=c.store,
            code=c.code,
            distance_m=c.distance_m,
            weight=c.weight,
            capacity=c.capacity,
            offered=c.offered,
            credit_before=credits_before.get(c.store, 0),
            share=round(c.weight / total, 4),
            credit_after=raised[c.store] - (total if c.store == winner else 0),
        )
        for c in field.pool
    )
    return winner, shares


def tier_of(candidate: Candidate, facts: Facts) -> Tier | None:
    """The first tier of the policy that the store belongs to, able or not; None is out of reach."""
    wish, rules = facts.wish, facts.rules
    metres = math.inf if candidate.distance_m is None else candidate.distance_m
    belongs: dict[Tier, bool] = {
        "protected": candidate.store == facts.held_by,
        "preferred": candidate.store in (wish.preferred_store, wish.only_store),
        "district": candidate.shares == "district",
        "near": metres <= rules.near_km * 1000,
        "city": candidate.shares in ("district", "city"),
        "province": candidate.shares is not None and metres <= rules.province_km * 1000,
    }
    return next((tier for tier in rules.tiers if belongs[tier]), None)


def _chosen_by_hand(facts: Facts, choice: ByHand) -> Field:
    # A pool of one owes nobody. The day may be full and the store may have refused before: whoever chose it knows why.
    pool = tuple(
        candidate
        for candidate in facts.candidates
        if candidate.store == choice.store and candidate.bar != "no_capability" and _is_allowed(candidate, facts)
    )
    return Field("offered", "manual", pool, _pool_key(facts.wish.brand, pool)) if pool else Field("alliance_queue")


def _is_allowed(candidate: Candidate, facts: Facts) -> bool:
    return facts.wish.only_store in (None, candidate.store)


def _is_able(candidate: Candidate) -> bool:
    return candidate.bar is None and candidate.offered < candidate.capacity


def _near_enough(able: list[Candidate], rules: Policy) -> tuple[Candidate, ...]:
    # Without a point there is one store at most: the one that holds the person or was asked for.
    limit = max(rules.pool_min_km * 1000, rules.pool_factor * min(candidate.distance_m or 0 for candidate in able))
    pool = (candidate for candidate in able if (candidate.distance_m or 0) <= limit)
    return tuple(sorted(pool, key=lambda candidate: (candidate.distance_m or 0, candidate.code)))


def _pool_key(brand: int, pool: Iterable[Candidate]) -> bytes:
    # Another weight or another member makes another pool: its fairness starts anew instead of paying old debts.
    members = ";".join(f"{store}:{weight}" for store, weight in sorted((c.store, c.weight) for c in pool))
    return hashlib.sha256(f"{brand}|{members}".encode()).digest()


def _why_nobody(reachable: Iterable[Candidate]) -> Outcome | None:
    # A store without a bar that is still not able has only used up its day.
    return "no_capacity" if any(candidate.bar is None for candidate in reachable) else None


def _nowhere(facts: Facts) -> Outcome:
    if facts.wish.only_store is not None:
        return "no_consent"
    if facts.wish.longitude is None:
        return "no_place"
    return "alliance_queue"


def _others(facts: Facts, field: Field) -> tuple[tuple[Other, ...], dict[str, int]]:
    competing = {candidate.store for candidate in field.pool}
    rest = [candidate for candidate in facts.candidates if candidate.store not in competing]
    rest.sort(key=lambda candidate: (candidate.distance_m or 0, candidate.code))
    near = [Other(c.store, c.code, c.distance_m, _reason(c, facts, field)) for c in rest[:MOST_OTHERS]]
    refused = dict(facts.elsewhere)
    for candidate in rest[MOST_OTHERS:]:
        reason = _reason(candidate, facts, field)
        refused[reason] = refused.get(reason, 0) + 1
    return tuple(near), refused


def _reason(candidate: Candidate, facts: Facts, field: Field) -> str:
    tier = tier_of(candidate, facts)
    if candidate.bar:
        return candidate.bar
    if tier is None:
        return "too_far"
    if not _is_able(candidate):
        return "capacity_used"
    if not _is_allowed(candidate, facts):
        return "not_allowed"
    if field.tier in (None, "manual"):
        return "by_hand" if facts.by_hand else "enough_offers"
    return "farther" if tier == field.tier else "other_tier"
