"""Stores and holders that a past decision did not look at, because the policy of then reached less far or protected otherwise.

Promises to look only where a tried policy asks for it, and as of the day of the decision: who sold the brand that day, what each store had
been offered by that moment, who held the person by what was known then. Weight, capacity and place of such a store are those of today.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from uuid import UUID

import msgspec

from crm import regions
from crm.database import current, statement
from crm.network import LOCAL, Network, local_day, network
from leads import clocks
from leads.routing import surroundings
from leads.routing.choice import Candidate, Facts, tier_of
from leads.routing.policies import Policy
from leads.routing.surroundings import Seen, Standpoint
from leads.routing.trial import Past

_Offered = Mapping[int, Sequence[datetime]]


async def look_further(pasts: Sequence[Past], rules: Policy) -> dict[UUID, Facts]:
    """The facts of those decisions (by receipt) that these rules would have needed to know more for."""
    held = await _holders(pasts, rules)
    held_by = {
        past.receipt: held.get((past.interest, past.decided_at)) for past in pasts if _protects_otherwise(past, rules)
    }
    asked = [past for past in pasts if past.receipt in held_by or _reaches_further(past, rules)]
    found: dict[UUID, Facts] = {}
    for day in sorted({local_day(past.decided_at) for past in asked}):
        of_day = [past for past in asked if local_day(past.decided_at) == day]
        found |= await _on_day(day, of_day, rules, held_by)
    return found


def _protects_otherwise(past: Past, rules: Policy) -> bool:
    return rules.protection_days != past.facts.rules.protection_days


def _reaches_further(past: Past, rules: Policy) -> bool:
    then = past.facts.rules
    return rules.near_km > then.near_km or rules.province_km > then.province_km


async def _holders(pasts: Sequence[Past], rules: Policy) -> dict[tuple[UUID, datetime], int]:
    asked = [past for past in pasts if _protects_otherwise(past, rules)]
    if not asked:
        return {}
    rows = await current().fetch(
        statement("leads", "holders_then"),
        [past.interest for past in asked],
        [clocks.protected_since(past.facts.wish.captured_at, policy=rules) for past in asked],
        [past.decided_at for past in asked],
    )
    return {(row["interest"], row["at"]): row["store"] for row in rows}


async def _on_day(
    day: date, pasts: Sequence[Past], rules: Policy, held_by: Mapping[UUID, int | None]
) -> dict[UUID, Facts]:
    picture = await network(day)
    views: dict[tuple[int, Standpoint], list[Seen]] = {}
    more = {past.receipt: _more(past, rules, picture, views, held_by) for past in pasts}
    guessed = {past.receipt: _not_counted(past.facts) for past in pasts}
    stores = {seen.store.id for found in more.values() for seen in found} | {
        store for of in guessed.values() for store in of
    }
    offered = await _offered(stores, pasts, day)
    return {past.receipt: _facts(past, more[past.receipt], guessed[past.receipt], offered, held_by) for past in pasts}


def _more(
    past: Past,
    rules: Policy,
    picture: Network,
    views: dict[tuple[int, Standpoint], list[Seen]],
    held_by: Mapping[UUID, int | None],
) -> list[Seen]:
    wish = past.facts.wish
    here = surroundings.standpoint(wish.region, _point(past.facts))
    if (wish.brand, here) not in views:
        views[wish.brand, here] = surroundings.seen_from(here, picture.sellers.get(wish.brand, ()))
    known = {candidate.store for candidate in past.facts.candidates}
    return [
        seen
        for seen in views[wish.brand, here]
        if seen.store.id not in known
        and (seen.store.id == held_by.get(past.receipt) or surroundings.is_within(seen, rules))
    ]


def _point(facts: Facts) -> tuple[float, float] | None:
    """The place that was kept, to about a kilometre; a region's own centre exactly."""
    wish = facts.wish
    if wish.longitude is None or wish.latitude is None:
        return None
    point = (wish.longitude, wish.latitude)
    is_centre = wish.region is not None and tuple(round(part, 2) for part in regions.centroid(wish.region)) == point
    return None if is_centre else point


def _not_counted(facts: Facts) -> set[int]:
    # A store that no tier reached was only shown: nobody had counted what it was offered that day.
    return {candidate.store for candidate in facts.candidates if tier_of(candidate, facts) is None}


async def _offered(stores: Iterable[int], pasts: Sequence[Past], day: date) -> _Offered:
    offered: dict[int, list[datetime]] = {store: [] for store in stores}
    rows = await current().fetch(
        statement("leads", "offers_of_days"),
        sorted(offered),
        datetime.combine(day, time(), tzinfo=LOCAL),
        max(past.decided_at for past in pasts),
    )
    for row in rows:
        offered[row["store"]].append(row["offered_at"])
    return offered


def _facts(
    past: Past, more: Sequence[Seen], guessed: set[int], offered: _Offered, held_by: Mapping[UUID, int | None]
) -> Facts:
    def by_then(store: int) -> int:
        return bisect_left(offered[store], past.decided_at)

    kept = (
        msgspec.structs.replace(one, offered=by_then(one.store)) if one.store in guessed else one
        for one in past.facts.candidates
    )
    found = (_candidate(seen, past.facts, by_then(seen.store.id)) for seen in more)
    return msgspec.structs.replace(
        past.facts, candidates=(*kept, *found), held_by=held_by.get(past.receipt, past.facts.held_by)
    )


def _candidate(seen: Seen, facts: Facts, offered: int) -> Candidate:
    store = seen.store
    return Candidate(
        store=store.id,
        code=store.code,
        distance_m=seen.distance_m,
        shares=seen.shares,
        weight=store.weight,
        capacity=store.daily_capacity,
        offered=offered,
        bar=None if facts.wish.capability in store.capabilities else "no_capability",
    )
