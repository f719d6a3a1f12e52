"""The stores that somebody may choose for an interest: those that may sell the brand and can do what is wanted, nearest first, with their load.

Promises the same picture of the network that routing has. Shows a store that is full or refused before, and says so; out of scope is not shown.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crm import regions
from crm.database import current, statement
from crm.errors import NotThere
from crm.network import StoreFacts, local_day, network
from crm.roles import EVERYTHING, Scope, numbered
from leads.journey import Due
from leads.routing import surroundings
from leads.routing.surroundings import Seen

SHOWN = 12


class Choosable(msgspec.Struct, frozen=True):
    """A store that may be chosen; `offered` counts its offers of today, `standing` is has_it, refused or nothing."""

    id: int
    code: str
    name_zh: str
    place: str
    distance_m: int | None
    offered: int
    capacity: int
    weight: int
    standing: str | None

    @property
    def is_full(self) -> bool:
        """Whether its day is used up."""
        return self.offered >= self.capacity


async def choosable(interest: UUID, *, scope: Scope, at: datetime, sought: str | None = None) -> list[Choosable]:
    """The nearest stores for this interest, at most twelve; `sought` narrows them to what is in their name, code or district."""
    due = await _due(interest, scope=scope)
    picture, seen = await network(local_day(at)), await within(scope)
    able = [
        store
        for store in picture.sellers.get(due.brand or 0, ())
        if due.capability in store.capabilities and (seen is None or store.id in seen) and _fits(store, sought)
    ]
    point = (due.longitude, due.latitude) if due.longitude is not None and due.latitude is not None else None
    nearest = surroundings.seen_from(surroundings.standpoint(due.region, point), able)[:SHOWN]
    return await _with_load(nearest, interest=interest, at=at)


async def within(scope: Scope) -> frozenset[int] | None:
    """The stores of a scope; None for all of them."""
    condition = scope.of_stores()
    if condition == EVERYTHING:
        return None
    query, values = numbered("select store.id from store where {}", [condition])
    return frozenset(row["id"] for row in await current().fetch(query, *values))


async def _due(interest: UUID, *, scope: Scope) -> Due:
    query, values = numbered("select id from interest where id = $1 and {}", [scope.of_interests()], interest)
    if await current().fetchval(query, *values) is None:
        raise NotThere
    return Due(*(await current().fetch(statement("leads", "due_interests"), [interest]))[0].values())


def _fits(store: StoreFacts, sought: str | None) -> bool:
    words = (sought or "").strip().lower()
    return not words or any(words in told.lower() for told in (store.code, store.name_zh, _place(store.region)))


def _place(region: str) -> str:
    codes = dict.fromkeys((regions.city_of(region), region))
    return "".join(regions.table()[code].name for code in codes if code)


async def _with_load(nearest: Sequence[Seen], *, interest: UUID, at: datetime) -> list[Choosable]:
    ids = [seen.store.id for seen in nearest]
    offered = await current().fetch(
        "select store, offered from store_day where on_date = $2 and store = any($1::int[])", ids, local_day(at)
    )
    load = {row["store"]: row["offered"] for row in offered}
    standing = {row["store"]: row["standing"] for row in await current().fetch(_STANDING, interest)}
    return [
        Choosable(
            id=seen.store.id,
            code=seen.store.code,
            name_zh=seen.store.name_zh,
            place=_place(seen.store.region),
            distance_m=seen.distance_m,
            offered=load.get(seen.store.id, 0),
            capacity=seen.store.daily_capacity,
            weight=seen.store.weight,
            standing=standing.get(seen.store.id),
        )
        for seen in nearest
    ]


# What stores already had to do with an interest, an open offer last. Grain: one row per offer. $1 interest.
_STANDING = """
select offer.store, case when offer.state in ('offered', 'accepted') then 'has_it' else offer.state end as standing
from offer
where offer.interest = $1 or offer.id in (select joined_offer.offer from joined_offer where joined_offer.interest = $1)
order by offer.offered_at
"""
