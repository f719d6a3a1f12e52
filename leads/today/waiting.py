"""What waits for somebody of us: answers that are late or nearly, questions about identity, what no store took, and what is held.

Promises the order in which things are due, the late ones first, and no more than a panel shows; each is under the reader's scope, with a
name that the reader may read. Refuses nothing: a kind that the reader may not work on is not there.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import masks, sight
from crm.database import current
from crm.identity import observations
from crm.people import reviews
from crm.roles import Scope, numbered
from leads import kinds
from leads.lists.clocks import SOON

Kind = Literal["late", "soon", "review", "alliance", "held"]
SHOWN = 8
EACH = 3  # of a kind, where all kinds share the panel


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be done, since when, and for an offer until when (`ends_at`: then it moves on)."""

    kind: Kind
    href: str
    since: datetime
    brand: int | None = None
    model: str | None = None
    wish: str | None = None
    name: str | None = None
    store: str | None = None
    hold: str | None = None
    due_at: datetime | None = None
    ends_at: datetime | None = None
    reason: str | None = None


async def things(scope: Scope, *, at: datetime, only: Kind | None = None) -> list[Waiting]:
    """The first that are due, of every kind or of one."""
    limit = SHOWN if only else EACH
    wanted = (only,) if only else ("late", "soon", "review", "alliance", "held")
    found: list[Waiting] = []
    for kind in wanted:
        # What is late is never crowded out by what merely waits.
        most = SHOWN - len(found) if kind in ("late", "soon") else limit
        found += await _of_kind(kind, scope, at=at, limit=most)
    return found[:SHOWN]


async def reviews_waiting(scope: Scope, *, at: datetime) -> int:
    """How many questions about identity wait for somebody like this reader."""
    if not scope.actor.may("people.merge"):
        return 0
    return (await reviews.standing(actor=scope.actor, at=at, since=at)).waiting


async def _of_kind(kind: str, scope: Scope, *, at: datetime, limit: int) -> list[Waiting]:
    if limit <= 0:
        return []
    if kind == "review":
        return await _questions(scope, at=at, limit=limit)
    text, first = _STATEMENTS[kind]
    moments = {"late": (at,), "soon": (at, at + SOON)}.get(kind, ())
    bound, values = numbered(text % {"limit": limit}, [scope.of_interests("interest")] * text.count("{}"), *moments)
    rows = await current().fetch(bound, *values)
    names = await _names([row["lead"] for row in rows], scope)
    return [_waiting(first, row, names.get(row["lead"])) for row in rows]


async def _questions(scope: Scope, *, at: datetime, limit: int) -> list[Waiting]:
    if not scope.actor.may("people.merge"):
        return []
    asked = await reviews.waiting(at=at, limit=limit)
    return [
        Waiting(kind="review", href=f"/review/{one.id}", since=one.opened_at, name=f"P-{one.person_no}", store=f"P-{one.other_no}")
        for one in asked
    ]  # fmt: skip


async def _names(leads: Sequence[UUID], scope: Scope) -> dict[UUID, str | None]:
    rows = await current().fetch(_NAMES, leads)
    clear = await sight.names_in_clear({row["person"] for row in rows}, scope)
    return {row["lead"]: _name(row, is_clear=row["person"] in clear) for row in rows}


def _name(row: Record, *, is_clear: bool) -> str | None:
    said = observations.opened(row["particulars"], observation=row["observation"]).name
    return said if is_clear else masks.name(said)


def _waiting(kind: Kind, row: Record, name: str | None) -> Waiting:
    facts: dict[str, Any] = {key: value for key, value in row.items() if key != "lead"}
    return Waiting(kind=kind, href=f"/leads/{row['lead']}", name=name, **facts)


_WISH = "interest.lead, interest.brand, model.code as model, interest.kind as wish"
_OPEN = f"""
select {_WISH}, store.name_zh as store, offer.offered_at as since, offer.answer_due_at as due_at, offer.expires_at as ends_at
from offer
join interest on interest.id = offer.interest
join store on store.id = offer.store
left join model on model.id = interest.model
where offer.state = 'offered' and %s and {{}}
order by offer.answer_due_at, offer.id limit %%(limit)s
"""  # noqa: S608  pieces of our own
_QUEUED = f"""
select {_WISH}, task.opened_at as since, task.reason
from alliance_task as task
join interest on interest.id = task.interest
left join model on model.id = interest.model
where task.closed_at is null and {{}}
order by task.opened_at, task.id limit %(limit)s
"""  # noqa: S608  pieces of our own
# Of each reason the newest, for each is a walk along an index; what was held long ago is in its own queue.
_HELD_FOR = f"""
(select {_WISH}, interest.captured_at as since, interest.hold
from interest left join model on model.id = interest.model
where interest.hold = '%s' and {{}}
order by interest.captured_at desc, interest.lead desc limit %%(limit)s)
"""  # noqa: S608  pieces of our own
_HELD = " union all ".join(_HELD_FOR % hold.code for hold in kinds.HOLDS) + " order by since desc limit %(limit)s"
_STATEMENTS: dict[str, tuple[str, Kind]] = {
    "late": (_OPEN % "offer.answer_due_at <= $1", "late"),
    "soon": (_OPEN % "offer.answer_due_at > $1 and offer.answer_due_at <= $2", "soon"),
    "alliance": (_QUEUED, "alliance"),
    "held": (_HELD, "held"),
}
_NAMES = """
select lead.id as lead, coalesce(person.merged_into, person.id) as person, observation.id as observation, observation.particulars
from lead
join observation on observation.id = lead.observation
join person on person.id = lead.person
where lead.id = any($1::uuid[])
"""
