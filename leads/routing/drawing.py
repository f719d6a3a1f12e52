"""A receipt as it is drawn: the circles that were tried, the stores that competed with what they were owed, and why the others did not.

Promises that a drawing shows only what the receipt itself knew, and today's names of stores. Credits are kept in weight units and told in
leads: 1.00 is one lead. Refuses receipts of interests out of scope by not finding them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import regions
from crm.database import current
from crm.roles import Scope, numbered
from leads.routing.choice import Facts, Other, Share

# Reasons that say nothing about the brand's own stores.
ELSEWHERE = frozenset({"no_franchise"})


class Competitor(msgspec.Struct, frozen=True):
    """A store of the pool; credits are in leads, `decided` is the credit with this decision's share added."""

    store: str
    code: str
    metres: int | None
    weight: int
    capacity: int
    offered: int
    before: float
    share: float
    decided: float
    after: float
    won: bool
    behind: float


class Left(msgspec.Struct, frozen=True):
    """A store that did not compete, and the code of why."""

    store: str
    code: str
    metres: int | None
    reason: str


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """One decision. `others` counts the brand's stores that did not compete by reason, `named` are the nearest of them."""

    id: UUID
    interest: UUID
    brand: int
    model: str | None
    kind: str
    outcome: str
    tier: str | None
    tiers: tuple[str, ...]
    pool: tuple[Competitor, ...]
    others: tuple[tuple[str, int], ...]
    named: tuple[Left, ...]
    basis: str
    by_hand: str | None
    ended_offers: int
    place: str | None
    policy_version: int
    network_version: int
    decided_at: datetime

    @property
    def winner(self) -> Competitor | None:
        """The store that got the lead."""
        return next((store for store in self.pool if store.won), None)

    @property
    def reach(self) -> int | None:
        """How far away the farthest store of the pool is, in metres."""
        return reach(self.pool)

    @property
    def excess(self) -> float:
        """The largest credit shown, for the scale of the bars."""
        return excess(self.pool)


async def of_lead(lead: UUID, *, scope: Scope) -> list[Drawing]:
    """The decisions on the interests of a lead that may be seen, the latest first."""
    query, values = numbered(_RECEIPTS, [scope.of_interests()], lead)
    rows = await current().fetch(query, *values)
    names = await _names(rows)
    return [_drawn(row, names) for row in rows]


def reach(pool: Iterable[Competitor]) -> int | None:
    """How far away the farthest of these is; None when no distance is known."""
    return max((store.metres for store in pool if store.metres is not None), default=None)


def excess(pool: Iterable[Competitor]) -> float:
    """The largest credit of these, 1 when nobody is owed anything."""
    return max((abs(store.decided) for store in pool), default=0) or 1.0


def competitors(pool: Sequence[Share], *, winner: int | None, names: Mapping[int, str]) -> tuple[Competitor, ...]:
    """The pool with credits in leads: the winner first, then by what was owed."""
    total = sum(share.weight for share in pool)
    highest = max((share.credit_before + share.weight for share in pool), default=0)
    rows = [
        Competitor(
            store=names.get(share.store, share.code),
            code=share.code,
            metres=share.distance_m,
            weight=share.weight,
            capacity=share.capacity,
            offered=share.offered,
            before=share.credit_before / total,
            share=share.weight / total,
            decided=(share.credit_before + share.weight) / total,
            after=share.credit_after / total,
            won=share.store == winner,
            behind=(highest - share.credit_before - share.weight) / total,
        )
        for share in pool
    ]
    return tuple(sorted(rows, key=lambda row: (not row.won, -row.decided, row.metres or 0)))


def reasons(others: Iterable[Other], refused: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """How many of the brand's stores did not compete, by reason, the most frequent first."""
    counts: dict[str, int] = {}
    for reason, stores in [*((other.reason, 1) for other in others), *refused.items()]:
        if reason not in ELSEWHERE and stores:
            counts[reason] = counts.get(reason, 0) + stores
    return tuple(sorted(counts.items(), key=lambda it: -it[1]))


def _drawn(row: Record, names: Mapping[int, str]) -> Drawing:
    facts = msgspec.json.decode(row["inputs"], type=Facts)
    others = _others(row)
    return Drawing(
        id=row["id"],
        interest=row["interest"],
        brand=facts.wish.brand,
        model=row["model"],
        kind=facts.wish.kind,
        outcome=row["outcome"],
        tier=row["tier"],
        tiers=facts.rules.tiers,
        pool=competitors(_shares(row), winner=row["winner"], names=names),
        others=reasons(others, msgspec.json.decode(row["refused"])),
        named=tuple(
            Left(names.get(o.store, o.code), o.code, o.distance_m, o.reason)
            for o in others
            if o.reason not in ELSEWHERE
        ),
        basis=row["basis"],
        by_hand=facts.by_hand.reason if facts.by_hand else None,
        ended_offers=facts.ended_offers,
        place=_place(facts),
        policy_version=row["policy_version"],
        network_version=row["network_version"],
        decided_at=row["decided_at"],
    )


def _place(facts: Facts) -> str | None:
    if facts.wish.region is None:
        return None
    codes = [regions.city_of(facts.wish.region), facts.wish.region]
    return "".join(regions.table()[code].name for code in dict.fromkeys(codes) if code)


def _shares(row: Record) -> list[Share]:
    return msgspec.json.decode(row["pool"], type=list[Share])


def _others(row: Record) -> list[Other]:
    return msgspec.json.decode(row["others"], type=list[Other])


async def _names(rows: Sequence[Record]) -> dict[int, str]:
    ids = {told.store for row in rows for told in _shares(row)} | {told.store for row in rows for told in _others(row)}
    named = await current().fetch("select id, name_zh from store where id = any($1::int[])", sorted(ids))
    return {row["id"]: row["name_zh"] for row in named}


# The decisions on a lead. Grain: one row per receipt, the latest first. $1 lead, then the scope's values.
_RECEIPTS = """
select receipt.id, receipt.interest, receipt.outcome, receipt.tier, receipt.winner, receipt.inputs, receipt.pool, receipt.others,
       receipt.refused, receipt.basis, receipt.decided_at, receipt.network_version, policy.version as policy_version, model.code as model
from interest
join receipt on receipt.interest = interest.id
join routing_policy as policy on policy.id = receipt.policy
left join model on model.id = interest.model
where interest.lead = $1 and {}
order by receipt.decided_at desc, receipt.id desc
"""
