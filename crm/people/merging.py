"""What one merge does to the tables, and how it is taken back: links, redirects and answered questions, nothing else.

Promises that `part` gives back exactly what `join` took, row by row. The ledgers are never touched: they keep the person
of their time, and readers follow `merged_into`. Who may be merged is decided in `crm.people`, which also holds the locks.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crm import history
from crm.database import current, insert, statement
from crm.identity.scoring import model
from crm.ids import uuid7
from crm.tables import Merge


async def join(loser: UUID, *, survivor: UUID, actor: str, reason: str, at: datetime) -> UUID:
    """Everything of the loser is the survivor's from now on; returns the id of the merge."""
    status = await current().fetchval("select status from person where id = $1", loser)
    merge = Merge(id=uuid7(at), survivor=survivor, loser=loser, loser_status=status, reason=reason, actor=actor, at=at)
    await insert([merge])
    count = await current().fetchval("select count(*) from link where person = $1 and closed_at is null", loser)
    decisions, links = _ids(count, at=at), _ids(count, at=at)
    parts = msgspec.json.encode([{"name": "merged", "points": 0, "words": reason}]).decode()
    await current().execute(
        statement("crm", "merge_links"), merge.id, loser, survivor, actor, at, model().version, decisions, links, parts
    )
    await _redirect(loser, survivor=survivor)
    await _answer(merge.id, survivor, at=at)
    await _tell("merged", survivor=survivor, loser=loser, merge=merge.id, actor=actor, at=at)
    return merge.id


async def part(merge: Mapping[str, Any], *, actor: str, at: datetime, reason: str | None = None) -> None:
    """Take back a merge, given as its row, that nothing later rests on."""
    merge_id, survivor, loser = merge["id"], merge["survivor"], merge["loser"]
    await current().execute("update merge set undone_at = $2, undone_by = $3 where id = $1", merge_id, at, actor)
    count = await current().fetchval("select count(*) from merged_link where merge = $1", merge_id)
    decisions = _ids(count, at=at)
    back = await current().fetch(statement("crm", "unmerge_links"), merge_id, actor, at, model().version, decisions)
    # Apart from closing the survivor's links in that statement: of two open links, even for a moment, one is refused.
    await current().execute(
        "update link set closed_at = null where id = any($1::uuid[])", [row["closed"] for row in back]
    )
    await _stand_again(loser, survivor=survivor, status=merge["loser_status"])
    await current().execute(
        "update review_task set closed_at = null, closed_by = null, answer = null where closed_by = $1",
        _answerer(merge_id),
    )
    await _tell("unmerged", survivor=survivor, loser=loser, merge=merge_id, actor=actor, at=at, reason=reason)


def _ids(count: int, *, at: datetime) -> list[UUID]:
    return [uuid7(at) for _ in range(count)]


async def _redirect(loser: UUID, *, survivor: UUID) -> None:
    # Whoever pointed to the loser points past it, so that one step always leads to the survivor.
    await current().execute(
        """
        update person set status = 'merged', merged_into = $2, version = version + 1
        where id = $1 or merged_into = $1
        """,
        loser,
        survivor,
    )
    await _grow(survivor)


async def _stand_again(loser: UUID, *, survivor: UUID, status: str) -> None:
    # Whoever was merged into the loser before points there again, however long the chain.
    await current().execute(
        """
        with recursive below as (
            select loser as id from merge where survivor = $1 and undone_at is null
            union
            select merge.loser from merge join below on merge.survivor = below.id where merge.undone_at is null
        )
        update person set merged_into = $1, version = version + 1 from below where person.id = below.id
        """,
        loser,
    )
    await current().execute(
        "update person set status = $2, merged_into = null, version = version + 1 where id = $1", loser, status
    )
    await _grow(survivor)


async def _grow(person: UUID) -> None:
    await current().execute("update person set version = version + 1 where id = $1", person)


async def _answer(merge_id: UUID, survivor: UUID, *, at: datetime) -> None:
    """Every open question whose two sides are this one person now, under whatever ids it was asked."""
    await current().execute(
        """
        with one as (select id from person where id = $1 or merged_into = $1)
        update review_task set closed_at = $3, closed_by = $2, answer = 'same'
        where closed_at is null and person in (select id from one) and other in (select id from one)
        """,
        survivor,
        _answerer(merge_id),
        at,
    )


def _answerer(merge_id: UUID) -> str:
    return f"merge {merge_id}"


async def _tell(
    kind: str, *, survivor: UUID, loser: UUID, merge: UUID, actor: str, at: datetime, reason: str | None = None
) -> None:
    facts = {"survivor": str(survivor), "loser": str(loser), "merge": str(merge)}
    await history.note(actor, kind, "person", survivor, at=at, **facts, **({"reason": reason} if reason else {}))
    await history.tell(kind, [survivor, loser], at=at, **facts)
