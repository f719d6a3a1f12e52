"""Decisions worth reading: routing receipts in which several stores competed, as rows for people.

Promises that whose wish it was stays masked. Credits are kept in weight units and told in leads: 1.00 is one lead.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import masks, reference
from crm.database import current, statement
from crm.identity import observations
from crm.reference import BrandFacts
from leads.routing.choice import Other, Share
from leads.routing.drawing import Competitor, Left, competitors, excess, reach, reasons
from leads.routing.policies import TIERS

SHOWN = 3
POOL = (3, 5)  # stores; fewer are no contest, more are no reading matter
LOOKED_AT = 150


class ReceiptCase(msgspec.Struct, frozen=True):
    """One decision, with whose wish it was and what came of it."""

    id: UUID
    brand: BrandFacts
    model: str | None
    kind_zh: str
    kind_en: str
    name: str
    phone: str
    place: str
    tier: str
    pool: tuple[Competitor, ...]
    others: tuple[tuple[str, int], ...]
    basis: str
    policy_version: int
    network_version: int
    decided_at: datetime
    state: str
    minutes: int | None
    outcome: str = "offered"
    by_hand: str | None = None
    named: tuple[Left, ...] = ()

    @property
    def winner(self) -> Competitor:
        """The store that got the lead."""
        return next(store for store in self.pool if store.won)

    @property
    def reach(self) -> int:
        """How far away the farthest store of the pool is, in metres."""
        return reach(self.pool) or 0

    @property
    def excess(self) -> float:
        """The largest credit shown, for the scale of the bars."""
        return excess(self.pool)

    @property
    def tiers(self) -> tuple[str, ...]:
        """All tiers in the order in which they were tried."""
        return TIERS


async def chosen(*, until: datetime) -> tuple[ReceiptCase, ...]:
    """The most telling of the latest decisions before `until`, of different brands, tiers and places where possible."""
    rows = await current().fetch(statement("leads", "front_receipts"), until, *POOL, LOOKED_AT)
    taken: list[Record] = []
    while rows and len(taken) < SHOWN:
        best = max(rows, key=lambda row: _interest(row) - _sameness(row, taken))
        rows.remove(best)
        taken.append(best)
    stores = await _store_names(taken)
    brands = (await reference.load()).brands
    return tuple(_receipt(row, brand=brands[row["brand"]], stores=stores) for row in taken)


def _interest(row: Record) -> float:
    """How much there is to read in a decision: best is one that mere distance would have taken otherwise."""
    pool, others = _shares(row), _others(row)
    by_distance = min(pool, key=lambda share: share.distance_m or 0).store
    points: float = (
        4 * (by_distance != row["winner"])
        + 3 * any(share.credit_before for share in pool)
        + 3 * (len({share.credit_before + share.weight for share in pool}) == len(pool))
        + 2 * (row["tier"] in ("district", "near"))
        + 2 * (row["state"] == "accepted")
        + 2 * (len({share.weight for share in pool}) > 1)
        + 2 * any(other.reason in ("refused_before", "capacity_used") for other in others)
        + len(pool) / 2
    )
    return points


def _sameness(row: Record, taken: Sequence[Record]) -> int:
    points: int = sum(
        5 * (row["brand"] == other["brand"])
        + 3 * (row["tier"] == other["tier"])
        + 4 * (row["place"] == other["place"])
        + 4 * (_credits(row) == _credits(other))
        for other in taken
    )
    return points


def _credits(row: Record) -> list[int]:
    return sorted(share.credit_before for share in _shares(row))


def _receipt(row: Record, *, brand: BrandFacts, stores: dict[int, str]) -> ReceiptCase:
    said = observations.opened(row["particulars"], observation=row["observation"])
    accepted = row["accepted_at"]
    return ReceiptCase(
        id=row["id"],
        brand=brand,
        model=row["model"],
        kind_zh=row["kind_zh"],
        kind_en=row["kind_en"],
        name=masks.name(said.name) or "–",
        phone=masks.phone(said) or "–",
        place=row["place"],
        tier=row["tier"],
        pool=competitors(_shares(row), winner=row["winner"], names=stores),
        others=reasons(_others(row), msgspec.json.decode(row["refused"])),
        basis=row["basis"],
        policy_version=row["policy_version"],
        network_version=row["network_version"],
        decided_at=row["decided_at"],
        state=row["state"],
        minutes=round((accepted - row["offered_at"]).total_seconds() / 60) if accepted else None,
    )


def _shares(row: Record) -> list[Share]:
    return msgspec.json.decode(row["pool"], type=list[Share])


def _others(row: Record) -> list[Other]:
    return msgspec.json.decode(row["others"], type=list[Other])


async def _store_names(receipts: Iterable[Record]) -> dict[int, str]:
    ids = [share.store for row in receipts for share in _shares(row)]
    rows = await current().fetch("select id, name_zh from store where id = any($1::int[])", ids)
    return {row["id"]: row["name_zh"] for row in rows}
