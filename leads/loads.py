"""What stores were given and what they made of it: today against capacity, a week against the fair share of every pool, minutes to an answer.

Promises that a share is the one that the receipts of the time name, and figures of the brands in scope alone; of the others only that they
took part of a store's day. Reads only.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias, get_args
from uuid import UUID

import msgspec
from asyncpg import Record

from crm.database import current
from crm.network import LOCAL, local_day
from crm.network.stores import Store
from crm.roles import Scope, numbered

State: TypeAlias = Literal["late", "full", "nearly", "free"]
STATES: tuple[State, ...] = get_args(State)  # the most urgent first
WEEK = 7
SHOWN = 20
NEARLY = 0.8  # of a day used up: time to look
EVEN = 1.0  # nobody can be owed less than one lead exactly


class Today(msgspec.Struct, frozen=True):
    """A store's day: `offered` of `capacity` is used up by all brands together, the others count what is in scope."""

    offered: int = 0
    capacity: int = 0
    own: int = 0
    open: int = 0
    late: int = 0

    @property
    def used(self) -> float:
        """The part of the day that is used up, 0 to 1."""
        return min(self.offered / self.capacity, 1.0) if self.capacity else 1.0

    @property
    def state(self) -> State:
        """late, full, nearly or free: the first that is so."""
        if self.late:
            return "late"
        return "full" if self.offered >= self.capacity else "nearly" if self.used >= NEARLY else "free"


class Loaded(msgspec.Struct, frozen=True):
    """A store and its day."""

    store: Store
    today: Today


class Day(msgspec.Struct, frozen=True):
    """One day of the store's calendar, of the brands in scope."""

    on: date
    received: int
    accepted: int


class Pool(msgspec.Struct, frozen=True):
    """Stores that competed for a brand's leads, how often, and what was this one's fair part of it."""

    brand: int
    neighbours: tuple[str, ...]
    decisions: int
    share: float
    received: int

    @property
    def deviation(self) -> float:
        """Leads more (or, below nothing, fewer) than the fair share."""
        return self.received - self.share


class Load(msgspec.Struct, frozen=True):
    """A store's week. `minutes` is the median from offer to answer, None without any."""

    today: Today
    days: tuple[Day, ...]
    pools: tuple[Pool, ...]
    minutes: float | None
    accepted: int
    refused: int
    expired: int

    @property
    def received(self) -> int:
        """By decisions of the week."""
        return sum(pool.received for pool in self.pools)

    @property
    def share(self) -> float:
        """What would have been fair."""
        return sum(pool.share for pool in self.pools)

    @property
    def deviation(self) -> float:
        """Leads more or fewer than that."""
        return self.received - self.share

    @property
    def is_even(self) -> bool:
        """Whether every pool gave what a whole number of leads allows."""
        return all(abs(pool.deviation) <= EVEN for pool in self.pools)


class Latest(msgspec.Struct, frozen=True):
    """An offer to a store."""

    id: UUID
    lead: UUID
    brand: int
    model: str | None
    kind: str
    state: str
    stage: str
    reason: str | None
    offered_at: datetime
    answer_due_at: datetime
    answered_at: datetime | None

    def is_late(self, at: datetime) -> bool:
        """Whether the answer is overdue."""
        return self.state == "offered" and self.answer_due_at <= at


async def loaded(found: Sequence[Store], *, scope: Scope, at: datetime) -> list[Loaded]:
    """These stores, each with its day."""
    days = await today({store.id: store.daily_capacity for store in found}, scope=scope, at=at)
    return [Loaded(store, days[store.id]) for store in found]


async def today(stores: Mapping[int, int], *, scope: Scope, at: datetime) -> dict[int, Today]:
    """The day of stores (ids with their capacity)."""
    ids = sorted(stores)
    text, values = numbered(_TODAY, [scope.of_brands("offer.brand")] * 2, ids, local_day(at), _midnight(at), at)
    found = {row["store"]: row for row in await current().fetch(text, *values)}
    return {
        store: Today(capacity=stores[store], **{name: found[store][name] for name in _COUNTED})
        for store in ids
        if store in found
    }


async def of_store(store: int, *, capacity: int, scope: Scope, at: datetime) -> Load:
    """The load of a store that the caller has found in scope."""
    since = _midnight(at) - timedelta(days=WEEK - 1)
    answers = await _row(_ANSWERS, store, scope, since, at)
    return Load(
        today=(await today({store: capacity}, scope=scope, at=at))[store],
        days=await _days(store, scope=scope, since=since, at=at),
        pools=await _pools(store, scope=scope, since=since, at=at),
        minutes=answers["minutes"],
        **{name: answers[name] for name in ("accepted", "refused", "expired")},
    )


async def latest(store: int, *, scope: Scope, limit: int = SHOWN) -> list[Latest]:
    """The offers made last, of interests that may be seen."""
    text, values = numbered(_LATEST, [scope.of_interests()], store, limit)
    return [Latest(**row) for row in await current().fetch(text, *values)]


async def _days(store: int, *, scope: Scope, since: datetime, at: datetime) -> tuple[Day, ...]:
    text, values = numbered(_DAYS, [scope.of_brands("offer.brand")], store, since, at, str(LOCAL))
    found = {row["on_date"]: row for row in await current().fetch(text, *values)}
    every = [local_day(since) + timedelta(days=number) for number in range(WEEK)]
    return tuple(
        Day(on, found[on]["received"], found[on]["accepted"]) if on in found else Day(on, 0, 0) for on in every
    )


async def _pools(store: int, *, scope: Scope, since: datetime, at: datetime) -> tuple[Pool, ...]:
    text, values = numbered(_POOLS, [scope.of_brands("policy.brand")], store, since, at)
    rows = await current().fetch(text, *values)
    names = await _names(rows, store)
    return tuple(
        Pool(
            brand=row["brand"],
            neighbours=tuple(names[one] for one in row["members"] if one in names),
            decisions=row["decisions"],
            share=row["share"],
            received=row["received"],
        )
        for row in rows
    )


async def _names(rows: Sequence[Record], store: int) -> dict[int, str]:
    members: Collection[int] = {one for row in rows for one in row["members"]} - {store}
    found = await current().fetch("select id, name_zh from store where id = any($1::int[])", sorted(members))
    return {row["id"]: row["name_zh"] for row in found}


async def _row(text: str, store: int, scope: Scope, *first: object) -> Record:
    bound, values = numbered(text, [scope.of_brands("offer.brand")], store, *first)
    [row] = await current().fetch(bound, *values)
    return row


def _midnight(at: datetime) -> datetime:
    return at.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)


_COUNTED = ("offered", "own", "open", "late")
# Grain: one row per store. $1 stores, $2 the local day, $3 its midnight, $4 now. Conditions: twice on the offer's brand.
_TODAY = """
select given.store, coalesce(day.offered, 0) as offered,
       (
           select count(*) from offer
           where offer.store = given.store and offer.offered_at >= $3 and offer.offered_at <= $4 and {}
       ) as own,
       coalesce(waiting.open, 0) as open, coalesce(waiting.late, 0) as late
from unnest($1::int[]) as given (store)
left join store_day as day on day.store = given.store and day.on_date = $2
left join (
    select offer.store, count(*) as open, count(*) filter (where offer.answer_due_at <= $4) as late
    from offer where offer.state = 'offered' and {}
    group by offer.store
) as waiting on waiting.store = given.store
"""
# Grain: one row. $1 store, $2 since, $3 until. Condition: on the offer's brand.
_ANSWERS = """
select count(*) filter (where offer.state = 'accepted') as accepted, count(*) filter (where offer.state = 'refused') as refused,
       count(*) filter (where offer.state = 'expired') as expired,
       (percentile_cont(0.5) within group (order by extract(epoch from coalesce(offer.accepted_at, offer.ended_at) - offer.offered_at) / 60)
           filter (where offer.accepted_at is not null or offer.state = 'refused'))::float8 as minutes
from offer
where offer.store = $1 and offer.offered_at >= $2 and offer.offered_at <= $3 and {}
"""
# Grain: one row per local day that had offers. $1 store, $2 since, $3 until, $4 zone. Condition: on the offer's brand.
_DAYS = """
select (offer.offered_at at time zone $4::text)::date as on_date, count(*) as received, count(offer.accepted_at) as accepted
from offer
where offer.store = $1 and offer.offered_at >= $2 and offer.offered_at <= $3 and {}
group by 1
"""
# The pools in which a store competed. Grain: one row per pool, the busiest first. $1 store, $2 since, $3 until. Condition: on the policy's brand.
# A pool of one has no ledger of credits: it is known by the offers that came of it.
_POOLS = """
with mine as (
    select store_credit.pool_key from store_credit where store_credit.store = $1
    union
    select receipt.pool_key from offer join receipt on receipt.id = offer.receipt
    where offer.store = $1 and offer.offered_at >= $2 and offer.offered_at <= $3 and receipt.pool_key is not null
)
select policy.brand, count(*) as decisions, sum((part.share ->> 'share')::float8) as share,
       count(*) filter (where receipt.winner = $1) as received,
       array(
           select (other ->> 'store')::int
           from jsonb_array_elements((array_agg(receipt.pool order by receipt.decided_at desc))[1]) as other
           where (other ->> 'store')::int <> $1
       ) as members
from mine
join receipt on receipt.pool_key = mine.pool_key and receipt.decided_at >= $2 and receipt.decided_at <= $3 and receipt.outcome = 'offered'
join routing_policy as policy on policy.id = receipt.policy
cross join lateral (
    select entry as share from jsonb_array_elements(receipt.pool) as entry where (entry ->> 'store')::int = $1
) as part
where {}
group by mine.pool_key, policy.brand
order by decisions desc, mine.pool_key
"""
# Grain: one row per offer, the latest first. $1 store, $2 limit. Condition: on the interest.
_LATEST = """
select offer.id, interest.lead, offer.brand, model.code as model, interest.kind, offer.state, interest.stage, offer.reason,
       offer.offered_at, offer.answer_due_at, coalesce(offer.accepted_at, offer.ended_at) as answered_at
from offer
join interest on interest.id = offer.interest
left join model on model.id = interest.model
where offer.store = $1 and {}
order by offer.offered_at desc, offer.id desc
limit $2
"""
