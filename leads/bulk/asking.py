"""What staff ask of bulk jobs: start, stop, undo.

Promises that a form sent twice starts one job and that its leads are frozen as they were then. Refuses a job of somebody else like one that
does not exist; the alliance's administrators reach every one.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crm import history
from crm.database import current, notify
from crm.errors import Fault, Invalid, NotAllowed, NotThere, Refused
from crm.roles import EVERYTHING, Actor, Condition, Scope, numbered
from leads.bulk import wanted as wanting
from leads.bulk.choosing import MOST
from leads.bulk.wanted import UNDOABLE, Wanted


class WrongStep(Refused):
    sentence = "This job has moved on meanwhile; look at it again."


class StaysDone(Refused):
    sentence = "This cannot be undone: the stores were told that the offers are over."


async def start(key: UUID, wanted: Wanted, leads: Sequence[UUID], *, scope: Scope, at: datetime) -> UUID:
    """Begin this change to these leads, which the caller found in the scope; the same key again is the same job."""
    if not scope.actor.may(wanting.permission(wanted.kind)):
        raise NotAllowed(scope=wanting.permission(wanted.kind))
    if not 0 < len(leads) <= MOST:
        raise Invalid(errors=[Fault(path="lead", message="Choose the leads first.")])
    await wanting.check(wanted, scope=scope, at=at)
    params = wanting.kept(wanted, job=key, looking_at=scope.looking_at)
    made = await current().fetchval(_START, key, wanted.kind, scope.actor.id, params, len(leads), at)
    if made is None:
        return await _again(key, scope.actor)
    await current().execute(_FREEZE, key, list(leads))
    await history.note(scope.actor.actor, "bulk_started", "bulk", key, at=at, kind=wanted.kind, leads=len(leads))
    await notify(history.CHANGES)
    return key


async def cancel(job: UUID, *, actor: Actor, at: datetime) -> None:
    """Stop it before the next lead; what is done stays and can be undone."""
    changed = await current().fetchval(
        "update bulk set state = 'cancelled', ended_at = $2 where id = $1 and state in ('queued', 'running') returning id",
        (await _mine(job, actor)),
        at,
    )
    if changed is None:
        raise WrongStep
    await history.note(actor.actor, "bulk_cancelled", "bulk", job, at=at)


async def undo(job: UUID, *, actor: Actor, at: datetime) -> None:
    """Give back what each lead was before, where nobody has changed it since."""
    kind = await current().fetchval("select kind from bulk where id = $1", await _mine(job, actor))
    if kind not in UNDOABLE:
        raise StaysDone
    changed = await current().fetchval(
        "update bulk set state = 'undoing' where id = $1 and state in ('done', 'cancelled') returning id", job
    )
    if changed is None:
        raise WrongStep
    await history.note(actor.actor, "bulk_undo_asked", "bulk", job, at=at)
    await notify(history.CHANGES)


def reachable(actor: Actor) -> Condition:
    """True for the jobs that somebody may see."""
    return EVERYTHING if actor.role == "alliance_admin" else Condition("bulk.staff = {}", (actor.id,))


async def _mine(job: UUID, actor: Actor) -> UUID:
    query, values = numbered("select id from bulk where id = $1 and {} for update", [reachable(actor)], job)
    if await current().fetchval(query, *values) is None:
        raise NotThere
    return job


async def _again(key: UUID, actor: Actor) -> UUID:
    if await current().fetchval("select staff from bulk where id = $1", key) != actor.id:
        raise NotThere
    return key


_START = """
insert into bulk (id, kind, staff, params, state, total, done, failed, created_at)
values ($1, $2, $3, $4, 'queued', $5, 0, 0, $6)
on conflict (id) do nothing
returning id
"""
_FREEZE = """
insert into bulk_row (bulk, lead)
select $1, lead from unnest($2::uuid[]) with ordinality as chosen (lead, place) order by place
"""
