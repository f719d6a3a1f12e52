"""Receipts of routing, read by people and proved again: who competed, how far away, why not, why this one.

Promises that an explanation uses only what the receipt itself knew (and today's names of stores), and that `replay`
makes the choice anew from the receipt's own inputs. Refuses nothing but an id that nothing was decided for.
"""

import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crm import regions
from crm.database import current, statement
from crm.errors import NotThere
from crm.network import LOCAL
from leads.routing.choice import Facts, Other, Share, choose

TIERS = {
    "protected": "the store that already serves this person",
    "preferred": "the store that was asked for",
    "district": "same district",
    "near": "nearby",
    "city": "same city",
    "province": "same province",
    "manual": "chosen by hand",
}
BY_HAND = {
    "person_asked": "the person asked for it",
    "known_there": "the person is known there",
    "nearer": "it is nearer to where the person is",
    "no_answer": "the store before it did not answer",
    "store_agreed": "it agreed to take one more",
    "other": "for another reason, told in a note",
}
OUTCOMES = {
    "offered": "offered",
    "alliance_queue": "to the alliance queue: no store in reach can take it",
    "no_franchise": "held: no store may sell this brand on that day",
    "no_capacity": "held: every store in reach has used up its day",
    "no_place": "held: nobody knows where this person is",
    "no_consent": "held: the request allows one store alone, and that one cannot take it",
}
REASONS = {
    "farther": "farther than the pool reaches",
    "other_tier": "a nearer circle had stores",
    "capacity_used": "its day is used up",
    "no_capability": "does not offer this",
    "refused_before": "refused this or let it expire",
    "too_far": "out of reach",
    "not_allowed": "the request is to one store alone",
    "enough_offers": "enough stores were asked before",
    "by_hand": "another one was chosen by hand",
    "no_franchise": "does not sell this brand",
}
_REPLAYED = "id, outcome, tier, pool_key, winner, inputs, pool"


class Line(msgspec.Struct, frozen=True):
    """One store of a receipt; `part` is won, competed or out, and the credits are there for those that competed."""

    code: str
    name_zh: str
    distance_m: int | None
    part: str
    words: str
    weight: int | None = None
    capacity: int | None = None
    offered: int | None = None
    share: float | None = None
    credit_before: int | None = None
    credit_after: int | None = None


class Explained(msgspec.Struct, frozen=True):
    """A receipt in words: the stores of the pool first, then the nearest others; `refused` counts all the rest."""

    receipt: UUID
    interest: UUID
    decided_at: datetime
    brand_code: str
    brand_name: str
    kind: str
    place: str | None
    outcome: str
    tier: str | None
    basis: str
    sentence: str
    lines: tuple[Line, ...]
    refused: dict[str, int]
    policy_version: int
    network_version: int


class Replay(msgspec.Struct, frozen=True):
    """How many receipts were decided again, how many came out the same, and which did not."""

    replayed: int
    same: int
    differing: list[UUID]


async def explain(subject: UUID) -> list[Explained]:
    """The decisions on an interest, a lead or one receipt, oldest first; refuses what has none."""
    rows = await current().fetch(statement("leads", "receipts_of"), subject)
    if not rows:
        raise NotThere
    names = {row["code"]: row["name_zh"] for row in await current().fetch("select code, name_zh from store")}
    return [_explained(row, names) for row in rows]


def as_text(explained: Iterable[Explained]) -> str:
    """Explanations as tables for a terminal."""
    return "\n".join(_as_text(one) for one in explained)


async def comes_out_the_same(receipt: UUID) -> bool:
    """Whether deciding this receipt again, from its own inputs, gives the same pool and winner; refuses an unknown one."""
    row = await current().fetchrow(f"select {_REPLAYED} from receipt where id = $1", receipt)  # noqa: S608  # our own columns
    if row is None:
        raise NotThere
    return _comes_out_the_same(row)


async def replay(*, sample: int | None, seed: int = 0) -> Replay:
    """Decide a random sample of receipts again (all of them for None) and compare; the seed repeats the sample."""
    replayed, differing = 0, []
    drawn = current().cursor(
        f"select {_REPLAYED} from receipt order by md5($1 || id::text) limit $2",  # noqa: S608  # our own columns
        str(seed),
        sample,
    )
    async for row in drawn:
        replayed += 1
        if not _comes_out_the_same(row):
            differing.append(row["id"])
    return Replay(replayed=replayed, same=replayed - len(differing), differing=differing)


def _comes_out_the_same(row: Record) -> bool:
    pool = msgspec.json.decode(row["pool"], type=tuple[Share, ...])
    facts = msgspec.json.decode(row["inputs"], type=Facts)
    again = choose(facts, credits_before={share.store: share.credit_before for share in pool})
    told = (row["outcome"], row["tier"], row["pool_key"], row["winner"], pool)
    return told == (again.outcome, again.tier, again.pool_key, again.winner, again.pool)


def _explained(row: Record, names: Mapping[str, str]) -> Explained:
    facts = msgspec.json.decode(row["inputs"], type=Facts)
    pool = msgspec.json.decode(row["pool"], type=tuple[Share, ...])
    others = msgspec.json.decode(row["others"], type=tuple[Other, ...])
    return Explained(
        receipt=row["id"],
        interest=row["interest"],
        decided_at=row["decided_at"],
        brand_code=row["brand_code"],
        brand_name=row["brand_name"],
        kind=facts.wish.kind,
        place=_place(facts),
        outcome=row["outcome"],
        tier=row["tier"],
        basis=row["basis"],
        sentence=_sentence(row, facts, pool),
        lines=(*_competing(pool, row["winner"], names), *_left_out(others, names)),
        refused=msgspec.json.decode(row["refused"]),
        policy_version=row["policy_version"],
        network_version=row["network_version"],
    )


def _place(facts: Facts) -> str | None:
    if facts.wish.region is not None:
        codes = [regions.city_of(facts.wish.region), facts.wish.region]
        return "".join(regions.table()[code].name for code in dict.fromkeys(codes) if code)
    return None if facts.wish.longitude is None else f"{facts.wish.latitude} N {facts.wish.longitude} E"


def _sentence(row: Record, facts: Facts, pool: tuple[Share, ...]) -> str:
    if row["outcome"] == "alliance_queue" and facts.ended_offers >= facts.rules.max_offers:
        return f"To the alliance queue: {facts.ended_offers} stores were asked before."
    if not pool:
        return f"{OUTCOMES[row['outcome']].capitalize()}."
    won = next(share for share in pool if share.store == row["winner"])
    if facts.by_hand is not None:
        return f"{won.code} was chosen by hand: {BY_HAND.get(facts.by_hand.reason, BY_HAND['other'])}."
    return f"{won.code} was chosen: {TIERS[row['tier']]}, {_why_this_one(won, pool)}."


def _why_this_one(won: Share, pool: tuple[Share, ...]) -> str:
    raised = {share.store: share.credit_before + share.weight for share in pool}
    equals = [share for share in pool if raised[share.store] == raised[won.store]]
    if len(pool) == 1:
        return "the only one there"
    if len(equals) == 1:
        return f"the one of {len(pool)} that was owed most"
    if sum(share.distance_m == won.distance_m for share in equals) == 1:
        return f"the nearest of {len(equals)} that were owed the same"
    return f"the first by code of {len(equals)} that were owed the same and are equally far"


def _competing(pool: Iterable[Share], winner: int, names: Mapping[str, str]) -> Iterable[Line]:
    owed = {share.store: share.credit_before + share.weight for share in pool}
    for share in pool:
        won = share.store == winner
        yield Line(
            code=share.code,
            name_zh=names.get(share.code, ""),
            distance_m=share.distance_m,
            part="won" if won else "competed",
            words=_standing(share, winner=winner, owed=owed),
            weight=share.weight,
            capacity=share.capacity,
            offered=share.offered,
            share=share.share,
            credit_before=share.credit_before,
            credit_after=share.credit_after,
        )


def _standing(share: Share, *, winner: int, owed: Mapping[int, int]) -> str:
    if share.store == winner:
        return "chosen"
    return "was owed less" if owed[share.store] < owed[winner] else "was owed the same, but comes after"


def _left_out(others: Iterable[Other], names: Mapping[str, str]) -> Iterable[Line]:
    for other in others:
        yield Line(other.code, names.get(other.code, ""), other.distance_m, "out", REASONS[other.reason])


def _as_text(one: Explained) -> str:
    printed = io.StringIO()
    console = Console(file=printed, width=110, color_system=None)
    when = one.decided_at.astimezone(LOCAL)
    console.print(
        Text(f"{one.brand_name} {one.brand_code} · {one.kind} · {one.place or 'place unknown'}", style="bold")
    )
    console.print(Text(one.sentence))
    if one.lines:
        console.print(_table(one.lines))
    if sum(line.part != "out" for line in one.lines) > 1:
        console.print(
            Text("Credit: each store that competes receives its weight, the chosen one pays for all of them.")
        )
    if rest := [f"{count}: {REASONS[reason]}" for reason, count in one.refused.items() if count]:
        console.print(Text(f"All other stores: {'; '.join(rest)}."))
    console.print(
        Text(
            f"receipt {one.receipt} · decided {when:%Y-%m-%d %H:%M} · basis {one.basis}"
            f" · policy {one.policy_version} · network {one.network_version}"
        )
    )
    return printed.getvalue()


def _table(lines: Iterable[Line]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="none")
    table.add_column("store")
    table.add_column("name", overflow="fold")
    for heading in ("km", "today", "weight", "credit"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("why")
    for line in lines:
        table.add_row(line.code, line.name_zh, *_figures(line), line.words)
    return table


def _figures(line: Line) -> tuple[str, str, str, str]:
    distance = "" if line.distance_m is None else f"{line.distance_m / 1000:.1f}"
    if line.part == "out":
        return distance, "", "", ""
    return distance, f"{line.offered}/{line.capacity}", f"{line.weight}", f"{line.credit_before} -> {line.credit_after}"
