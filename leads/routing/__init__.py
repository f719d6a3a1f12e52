"""Choosing the store for a wish, with a receipt for every choice.

Promises that no store is given more than its day can take, that earlier wishes of a batch come first, and that each
receipt holds all that its choice knew. Refuses nothing itself: a wish that nobody can take comes back with the reason
as its outcome.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from crm.database import current, insert, statement
from crm.ids import uuid7
from crm.network import Network, local_day, network
from leads import clocks
from leads.routing import policies, surroundings
from leads.routing.choice import ByHand, Candidate, Choice, Facts, Field, WishFacts, award, field_of
from leads.routing.policies import ActivePolicy
from leads.routing.surroundings import Seen, Standpoint
from leads.tables import Receipt

# When nothing is in reach, a reader still wants to see how far away the nearest stores are.
SHOWN_OUT_OF_REACH = 5


class Wish(msgspec.Struct, frozen=True):
    """An interest that has come as far as routing; `only_store` is the one store that a `requested` basis allows.

    With `by_hand` the choice is made already, and the receipt says for which reason; capacity and fairness are not asked.
    """

    interest: UUID
    brand: int
    kind: str
    capability: str
    person: UUID
    captured_at: datetime
    region: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    preferred_store: int | None = None
    basis: Literal["consent", "requested"] = "consent"
    only_store: int | None = None
    by_hand: ByHand | None = None


class _Outlook(msgspec.Struct, frozen=True):
    # A wish with all that stays the same while its batch is decided; `within` are the stores that some tier reaches.
    wish: Wish
    policy: ActivePolicy
    held_by: int | None
    refused_by: list[int]
    here: Standpoint
    sellers: int
    elsewhere: dict[str, int]
    around: list[Seen]
    within: list[int]


async def decide(wishes: Sequence[Wish], *, at: datetime) -> list[Receipt]:
    """Choose for every wish, in their order, and write receipts, counters and ledger in the caller's transaction.

    The day's counters of all stores in reach stay locked until that transaction ends: call it late and keep it short.
    """
    if not wishes:
        return []
    picture = await network(local_day(at))
    outlooks = await _outlooks(wishes, picture, at=at)
    offered = await _lock_days(outlooks, on=picture.on)
    # These locks guard the ledger too: whoever decides on a pool today holds the counters of all its stores.
    ledger = await _read_credits(field_of(_facts(outlook, offered)) for outlook in outlooks)
    choices = [await _choose(outlook, offered, ledger) for outlook in outlooks]
    await _write_days(choices, on=picture.on)
    await _write_credits(choices)
    receipts = [
        _receipt(p, facts, choice, picture, at=at) for p, (facts, choice) in zip(outlooks, choices, strict=True)
    ]
    await insert(receipts)
    return receipts


async def _outlooks(wishes: Sequence[Wish], picture: Network, *, at: datetime) -> list[_Outlook]:
    active = await policies.active({wish.brand for wish in wishes}, at=at)
    held = await _holding_stores(wishes, active)
    refused = await _refusing_stores(wishes)
    views: dict[tuple[int, Standpoint], list[Seen]] = {}
    return [
        _outlook(
            wish,
            policy=active[wish.brand],
            held_by=held.get(wish.interest),
            refused_by=refused.get(wish.interest, []),
            picture=picture,
            views=views,
        )
        for wish in wishes
    ]


def _outlook(
    wish: Wish,
    *,
    policy: ActivePolicy,
    held_by: int | None,
    refused_by: list[int],
    picture: Network,
    views: dict[tuple[int, Standpoint], list[Seen]],
) -> _Outlook:
    point = (wish.longitude, wish.latitude) if wish.longitude is not None and wish.latitude is not None else None
    here = surroundings.standpoint(wish.region, point)
    sellers = picture.sellers.get(wish.brand, ())
    if (wish.brand, here) not in views:
        views[wish.brand, here] = surroundings.seen_from(here, sellers)
    view = views[wish.brand, here]
    named = {held_by, wish.preferred_store, wish.only_store, wish.by_hand and wish.by_hand.store}
    within = [seen for seen in view if seen.store.id in named or surroundings.is_within(seen, policy.rules)]
    around = within or (view[:SHOWN_OUT_OF_REACH] if here.point else [])
    return _Outlook(
        wish=wish,
        policy=policy,
        held_by=held_by,
        refused_by=refused_by,
        here=here,
        sellers=len(sellers),
        elsewhere={"no_franchise": len(picture.stores) - len(sellers), "too_far": len(view) - len(around)},
        around=around,
        within=[seen.store.id for seen in within],
    )


async def _holding_stores(wishes: Sequence[Wish], active: dict[int, ActivePolicy]) -> dict[UUID, int]:
    rows = await current().fetch(
        statement("leads", "holding_stores"),
        [wish.interest for wish in wishes],
        [wish.person for wish in wishes],
        [wish.brand for wish in wishes],
        [clocks.protected_since(wish.captured_at, policy=active[wish.brand].rules) for wish in wishes],
    )
    return {row["interest"]: row["store"] for row in rows}


async def _refusing_stores(wishes: Sequence[Wish]) -> dict[UUID, list[int]]:
    rows = await current().fetch(statement("leads", "ended_offers"), [wish.interest for wish in wishes])
    refused: dict[UUID, list[int]] = {}
    for row in rows:
        refused.setdefault(row["interest"], []).append(row["store"])
    return refused


async def _lock_days(outlooks: Iterable[_Outlook], *, on: date) -> dict[int, int]:
    stores = sorted({store for outlook in outlooks for store in outlook.within})
    await current().execute(
        "insert into store_day (store, on_date, offered) select store, $2, 0 from unnest($1::int[]) as given (store)"
        " order by store on conflict (store, on_date) do nothing",
        stores,
        on,
    )
    rows = await current().fetch(statement("leads", "locked_store_days"), stores, on)
    return {row["store"]: row["offered"] for row in rows}


async def _read_credits(fields: Iterable[Field]) -> dict[bytes, dict[int, int]]:
    # A pool of one owes nobody and has no ledger.
    keys = {field.pool_key for field in fields if field.pool_key and len(field.pool) > 1}
    ledger: dict[bytes, dict[int, int]] = {key: {} for key in keys}
    rows = await current().fetch(
        "select pool_key, store, credit from store_credit where pool_key = any($1::bytea[])", sorted(keys)
    )
    for row in rows:
        ledger[row["pool_key"]][row["store"]] = row["credit"]
    return ledger


async def _choose(
    outlook: _Outlook, offered: dict[int, int], ledger: dict[bytes, dict[int, int]]
) -> tuple[Facts, Choice]:
    facts = _facts(outlook, offered)
    field = field_of(facts)
    if field.pool_key is not None and field.pool_key not in ledger:
        # A store became full during this batch, so this is another pool than was foreseen.
        ledger |= await _read_credits([field])
    standing = ledger.setdefault(field.pool_key or b"", {})
    choice = award(facts, field, credits_before=standing)
    standing.update({share.store: share.credit_after for share in choice.pool})
    if choice.winner is not None:
        offered[choice.winner] += 1
    return facts, choice


def _facts(outlook: _Outlook, offered: dict[int, int]) -> Facts:
    wish = outlook.wish
    longitude, latitude = outlook.here.point or (None, None)
    return Facts(
        wish=WishFacts(
            brand=wish.brand,
            kind=wish.kind,
            capability=wish.capability,
            captured_at=wish.captured_at,
            region=wish.region,
            longitude=None if longitude is None else round(longitude, 2),
            latitude=None if latitude is None else round(latitude, 2),
            preferred_store=wish.preferred_store,
            only_store=wish.only_store,
        ),
        rules=outlook.policy.rules,
        held_by=outlook.held_by,
        ended_offers=len(outlook.refused_by),
        sellers=outlook.sellers,
        elsewhere=outlook.elsewhere,
        candidates=tuple(_candidate(seen, outlook, offered) for seen in outlook.around),
        by_hand=wish.by_hand,
    )


def _candidate(seen: Seen, outlook: _Outlook, offered: dict[int, int]) -> Candidate:
    store = seen.store
    bar: Literal["no_capability", "refused_before"] | None = None
    if store.id in outlook.refused_by:
        bar = "refused_before"
    elif outlook.wish.capability not in store.capabilities:
        bar = "no_capability"
    return Candidate(
        store=store.id,
        code=store.code,
        distance_m=seen.distance_m,
        shares=seen.shares,
        weight=store.weight,
        capacity=store.daily_capacity,
        offered=offered.get(store.id, 0),
        bar=bar,
    )


async def _write_days(choices: Iterable[tuple[Facts, Choice]], *, on: date) -> None:
    taken = Counter(choice.winner for _, choice in choices if choice.winner is not None)
    await current().execute(
        "update store_day set offered = offered + given.taken from unnest($1::int[], $2::int[]) as given (store, taken)"
        " where store_day.store = given.store and on_date = $3",
        list(taken),
        list(taken.values()),
        on,
    )


async def _write_credits(choices: Iterable[tuple[Facts, Choice]]) -> None:
    moves: Counter[tuple[bytes, int]] = Counter()
    for _, choice in choices:
        if choice.pool_key is not None and len(choice.pool) > 1:
            for share in choice.pool:
                moves[choice.pool_key, share.store] += share.credit_after - share.credit_before
    await current().execute(
        statement("leads", "add_credits"),
        [pool_key for pool_key, _ in moves],
        [store for _, store in moves],
        list(moves.values()),
    )


def _receipt(outlook: _Outlook, facts: Facts, choice: Choice, picture: Network, *, at: datetime) -> Receipt:
    return Receipt(
        id=uuid7(at),
        interest=outlook.wish.interest,
        policy=outlook.policy.id,
        network_version=picture.version,
        outcome=choice.outcome,
        tier=choice.tier,
        pool_key=choice.pool_key,
        inputs=msgspec.json.encode(facts).decode(),
        pool=msgspec.json.encode(choice.pool).decode(),
        others=msgspec.json.encode(choice.others).decode(),
        refused=msgspec.json.encode(choice.refused).decode(),
        winner=choice.winner,
        basis=outlook.wish.basis,
        decided_at=at,
    )
