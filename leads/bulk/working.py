"""Bulk jobs as background work: lead after lead, a hundred a turn, by as many workers as there are.

Promises that each lead is a transaction of its own: killed at any moment, a job goes on with the next lead, and none is done twice. A lead that
cannot be changed says why and keeps nobody else waiting. What whoever started it may no longer do is not done.
"""

import asyncio
import time
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog
from asyncpg import Record

from crm.database import AWAY, current, transaction
from crm.errors import Busy, NotAllowed, Refused
from crm.languages import later
from crm.roles import Actor, visible_to
from crm.staff import notifications
from crm.work import Job
from leads.bulk import acts, choosing, reasons, wanted
from leads.bulk.acts import Running
from leads.bulk.choosing import SKIPS
from leads.steering import BeingDecided

log = structlog.get_logger()

BATCH = 100
SECONDS = 1.0  # how long one turn may keep a worker from everything else
WAITING_AT_ONCE = 5
TRIES, PAUSE = 3, 0.1  # a lead that another worker has in hand this moment


async def advance(at: datetime) -> int:
    """Do the next turn of the oldest job that waits for one; says how many leads it was."""
    async with transaction():
        waiting = await current().fetch(_WAITING, WAITING_AT_ONCE)
    for row in waiting:
        if moved := await _turn(row["id"], row["state"], at=at):
            return moved
    return 0


JOB = Job("bulk", advance)


async def _turn(job: UUID, state: str, *, at: datetime) -> int:
    async with transaction():
        running = await _opened(job, at=at)
    step, until, moved, beyond = (_undo_next if state == "undoing" else _do_next), time.monotonic() + SECONDS, 0, 0
    while moved < BATCH and time.monotonic() < until:
        claimed = await step(running, beyond, at=at)
        if claimed is None:
            break
        moved, beyond = moved + 1, claimed
    if moved == 0:
        await _finish(job, running, state, at=at)
    return moved


async def _opened(job: UUID, *, at: datetime) -> Running:
    """The job with the role and limits that its starter has now: what was taken from them is not done in their name."""
    [row] = await current().fetch(_OPENED, job)
    what, looking_at = wanted.opened(row["params"], job=job)
    facts = {name: value for name, value in row.items() if name not in ("params", "disabled_at")}
    actor = Actor(**facts, session=job)
    scope = visible_to(actor, looking_at=looking_at)
    known = await wanted.find(what, scope=scope, at=at)
    return Running(job, what, known, scope, has_left=row["disabled_at"] is not None)


async def _do_next(job: Running, beyond: int, *, at: datetime) -> int | None:
    """Do the next lead; answers its row, None when there is none."""
    claimed: Record | None = None
    try:
        async with transaction() as connection:
            claimed = await connection.fetchrow(_NEXT, job.id, beyond)
            if claimed is None:
                return None
            fate, reason, before = await _fate(job, claimed["lead"], at=at)
            await connection.execute(_WRITE, claimed["id"], fate, reason, before)
    except (Busy, *AWAY):
        raise
    except Exception:
        if claimed is None:
            raise
        log.exception("bulk_row_failed", bulk=str(job.id), row=claimed["id"])
        await _write_failure(claimed["id"], fate="error", instead_of=None)
    return int(claimed["id"])


async def _fate(job: Running, lead: UUID, *, at: datetime) -> tuple[str, str | None, str | None]:
    facts = await choosing.facts([lead], job.scope)
    if not facts:
        return "skipped", reasons.kept(_OUT_OF_SIGHT), None
    if skipped := choosing.skip(job.wanted, job.known, facts[0]):
        return "skipped", reasons.kept(SKIPS[skipped]), None
    try:
        before = await _tried(job, lead, at=at)
    except Busy:
        raise
    except Refused as no:
        return "error", reasons.of(no), None
    return "done", None, msgspec.json.encode(before).decode()


async def _tried(job: Running, lead: UUID, *, at: datetime) -> dict[str, Any]:
    if not _may(job):
        raise NotAllowed(scope=wanted.permission(job.wanted.kind))
    for _ in range(TRIES - 1):
        try:
            # A savepoint: what a refusal leaves half done is gone, the row stays ours.
            async with current().transaction():
                return await acts.do(job, lead, at=at)
        except BeingDecided:
            await asyncio.sleep(PAUSE)
    async with current().transaction():
        return await acts.do(job, lead, at=at)


async def _undo_next(job: Running, beyond: int, *, at: datetime) -> int | None:
    """Give the next lead back what it was; one that somebody changed since stays, and says so."""
    claimed: Record | None = None
    try:
        async with transaction() as connection:
            claimed = await connection.fetchrow(_NEXT_DONE, job.id, beyond)
            if claimed is None:
                return None
            fate, reason = await _fate_of_undo(job, claimed, at=at)
            await connection.execute(_WRITE, claimed["id"], fate, reason, claimed["before"])
    except (Busy, *AWAY):
        raise
    except Exception:
        if claimed is None:
            raise
        log.exception("bulk_row_not_undone", bulk=str(job.id), row=claimed["id"])
        await _write_failure(claimed["id"], fate="done", instead_of="done")
    return int(claimed["id"])


async def _fate_of_undo(job: Running, claimed: Record, *, at: datetime) -> tuple[str, str | None]:
    try:
        if not _may(job):
            raise NotAllowed(scope=wanted.permission(job.wanted.kind))
        async with current().transaction():
            await acts.undo(job, claimed["lead"], msgspec.json.decode(claimed["before"]), at=at)
    except Busy:
        raise
    except Refused as no:
        return "done", reasons.of(no)
    return "undone", None


def _may(job: Running) -> bool:
    return job.scope.actor.may(wanted.permission(job.wanted.kind)) and not job.has_left


async def _write_failure(row: int, *, fate: str, instead_of: str | None) -> None:
    # The row was let go of in between: another worker may have done it, and its word stands.
    async with transaction():
        await current().execute(_FAILED, row, fate, reasons.kept(reasons.OURS), instead_of)


async def _finish(job: UUID, running: Running, state: str, *, at: datetime) -> None:
    """Nothing is left: say so once, to whoever started it and to whom it was given."""
    async with transaction():
        # Stopped and undone at once, a lead may still be in another worker's hand: what that one does is to be undone as well.
        if state == "undoing" and await current().fetchval(_IN_HAND, job):
            return
        ended = await current().fetchrow(_FINISH_UNDO if state == "undoing" else _FINISH, job, at)
        if ended is None:
            return
        kind = "bulk_undone" if state == "undoing" else "bulk_done"
        counts = {"done": ended["done"], "total": ended["total"]}
        await notifications.notify_staff([ended["staff"]], kind, href=f"/bulk/{job}", at=at, **counts)
        asked = running.wanted.assignee
        if kind == "bulk_done" and asked not in (None, ended["staff"]) and ended["done"]:
            await notifications.notify_staff([asked or 0], "task_given", href="/", at=at, by=running.scope.actor.name)


_OUT_OF_SIGHT = later("It is out of your sight now.")
_WAITING = "select id, state from bulk where state in ('queued', 'running', 'undoing') order by created_at limit $1"
_OPENED = """
select bulk.params, staff.id, staff.login, staff.name, staff.role, staff.brand, staff.region, staff.dealer, staff.disabled_at
from bulk join staff on staff.id = bulk.staff where bulk.id = $1
"""
# Between two leads it may have been stopped. Grain: one row. $1 job, $2 beyond which row.
_NEXT = """
select row.id, row.lead from bulk_row as row join bulk on bulk.id = row.bulk
where row.bulk = $1 and row.fate is null and row.id > $2 and bulk.state in ('queued', 'running')
order by row.id limit 1 for update of row skip locked
"""
_NEXT_DONE = """
select row.id, row.lead, row.before from bulk_row as row join bulk on bulk.id = row.bulk
where row.bulk = $1 and row.fate = 'done' and row.reason is null and row.id > $2 and bulk.state = 'undoing'
order by row.id limit 1 for update of row skip locked
"""
_WRITE = "update bulk_row set fate = $2, reason = $3, before = $4 where id = $1"
_FAILED = "update bulk_row set fate = $2, reason = $3 where id = $1 and fate is not distinct from $4 and reason is null"
# Whether another worker has leads of a job in hand that were not done when it was stopped. $1 job.
_IN_HAND = """
with free as (select id from bulk_row where bulk = $1 and fate is null for update skip locked)
select (select count(*) from bulk_row where bulk = $1 and fate is null) > (select count(*) from free)
"""
_FINISH = """
update bulk set state = 'done', ended_at = $2,
       done = (select count(*) from bulk_row where bulk = $1 and fate = 'done'),
       failed = (select count(*) from bulk_row where bulk = $1 and fate = 'error')
where id = $1 and state in ('queued', 'running') and not exists (select from bulk_row where bulk = $1 and fate is null)
returning staff, done, total
"""
_FINISH_UNDO = """
update bulk set state = 'undone', undone_at = $2
where id = $1 and state = 'undoing' and not exists (select from bulk_row where bulk = $1 and fate = 'done' and reason is null)
returning staff, done, total
"""
