"""Imports as background work: dry runs, runs and undos, a batch at a time, by as many workers as there are.

Promises that a batch is whole or not there and that between two batches an import can be cancelled or taken over by another worker: how far it
has come is in its row. One that fails by a mistake of ours is set aside as failed, for people to see and start again.
"""

import json
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
import structlog
from asyncpg import Record

from crm.database import AWAY, current, insert, transaction
from crm.errors import Busy, Refused
from crm.network import dealers, import_plan
from crm.staff import notifications
from crm.work import Job
from leads.imports import files, guests, rows, showing, undoing
from leads.imports.checking import LEASE, WORKER, Checked, DryRun
from leads.imports.rows import LONGEST_REASON, Desk
from leads.sources import desk, guest_list, sheets
from leads.tables import ImportRow

log = structlog.get_logger()

WAITING_AT_ONCE = 5
REMEMBERED = 2  # parsed sheets and dry runs in the memory of a worker


class _Due(NamedTuple):
    id: UUID
    subject: str
    state: str


async def advance(at: datetime) -> int:
    """Do the next batch of the oldest import that waits for one; says how many rows it was."""
    for due in await _waiting():
        try:
            if moved := await _step(due, at=at):
                return moved
        except (Busy, *AWAY):
            raise
        except Exception as wrong:
            log.exception("import_failed", import_id=str(due.id))
            await _set_aside(due, wrong, at=at)
            return 1
    return await _purge(at=at)


JOB = Job("imports", advance)


async def _waiting() -> list[_Due]:
    async with transaction():
        found = await current().fetch(_WAITING, WAITING_AT_ONCE)
    return [_Due(*row.values()) for row in found]


async def _step(due: _Due, *, at: datetime) -> int:
    if due.state == "undoing":
        left = await undoing.advance(due.id, at=at)
        # None is the end, or another worker's turn: either way nothing is left for us just now.
        return left.moved if left else 0
    if due.subject == "stores":
        return await (_plan(due.id, at=at) if due.state == "checking" else _bring_in_stores(due.id, at=at))
    if due.subject == "guests":
        return await (_foresee_guests(due.id, at=at) if due.state == "checking" else _run_guests(due.id, at=at))
    work = await _opened(due.id)
    return await (_check(due.id, work, at=at) if due.state == "checking" else _run(due.id, work, at=at))


# --- leads ----------------------------------------------------------------------------------------------------------------


async def _check(import_id: UUID, work: Desk, *, at: datetime) -> int:
    async with transaction():
        row = await current().fetchrow(_CLAIM, import_id, ["checking"])
        if row is None:
            return 0
        told = msgspec.json.decode(row["checked"], type=Checked) if row["checked"] else Checked()
        if not told.is_free(at=at):
            return 0
        dry = _dry_run(import_id, work, done=row["rows"])
        if dry.done == 0:
            await _begin_anew(import_id)
        moved = await dry.batch(import_id=import_id, at=at)
        is_through = moved < rows.BATCH
        held = msgspec.structs.replace(dry.checked, by=None if is_through else WORKER, until=at + LEASE)
        await current().execute(
            "update import set checked = $2, state = case when $3 then 'checked' else state end where id = $1",
            import_id,
            msgspec.json.encode(held).decode(),
            is_through,
        )
        if is_through:
            await _tell(row, "import_checked", at=at)
    if is_through:
        _forget(import_id)
    return max(moved, 1)


async def _run(import_id: UUID, work: Desk, *, at: datetime) -> int:
    async with transaction():
        row = await current().fetchrow(_CLAIM, import_id, ["queued", "running"])
        if row is None:
            return 0
        batch = rows.batch(work, start=row["rows"], at=at)
        await rows.take_in(batch, work, at=at, import_id=import_id)
        is_through = len(batch) < rows.BATCH
        await current().execute(
            "update import set state = $2, ended_at = $3 where id = $1",
            import_id,
            "done" if is_through else "running",
            at if is_through else None,
        )
        if is_through:
            await _tell(row, "import_done", at=at)
    if is_through:
        _forget(import_id)
    return max(len(batch), 1)


def _dry_run(import_id: UUID, work: Desk, *, done: int) -> DryRun:
    dry = _dry_runs.get(import_id)
    if dry is None or dry.done != done or dry.work is not work:
        # Begun by another worker, or rolled back: people of earlier rows are in its memory alone.
        dry = _dry_runs[import_id] = DryRun(work)
    return dry


async def _begin_anew(import_id: UUID) -> None:
    await current().execute("delete from import_row where import_id = $1", import_id)
    await current().execute(_NO_COUNTS, import_id)


async def _opened(import_id: UUID) -> Desk:
    """The sheet of an import with what its batches need; read once by each worker."""
    async with transaction():
        [row] = await current().fetch(
            "select mapping, mode, source.code from import join source on source.id = import.source where import.id = $1",
            import_id,
        )
        key = import_id, row["mapping"], row["mode"], row["code"]
        if key not in _sheets:
            sheet = desk.opened(await files.read(import_id), columns=json.loads(row["mapping"]))
            while len(_sheets) >= REMEMBERED:
                _sheets.pop(next(iter(_sheets)))
            _sheets[key] = await rows.ready(sheet, source_code=row["code"], mode=row["mode"])
    return _sheets[key]


def _forget(import_id: UUID) -> None:
    _dry_runs.pop(import_id, None)
    for key in [key for key in _sheets if key[0] == import_id]:
        _sheets.pop(key)
    for named in [named for named in _lists if named[0] == import_id]:
        _lists.pop(named)


_sheets: dict[tuple[UUID, str, str, str], Desk] = {}
_lists: dict[tuple[UUID, str], sheets.Sheet] = {}
_dry_runs: dict[UUID, DryRun] = {}


# --- guests: at most 5,000 rows, foreseen in one go and brought in one by one -------------------------------------------------


async def _foresee_guests(import_id: UUID, *, at: datetime) -> int:
    async with transaction():
        row = await current().fetchrow(_CLAIM, import_id, ["checking"])
        if row is None:
            return 0
        work = await _list(import_id, at=at)
        await _begin_anew(import_id)
        fated, checked = await guests.foresee(work, at=at)
        await rows.note(fated, import_id=import_id)
        await current().execute(_CHECKED, import_id, msgspec.json.encode(checked).decode())
        await _tell(row, "import_checked", at=at)
    return max(len(fated), 1)


async def _run_guests(import_id: UUID, *, at: datetime) -> int:
    async with transaction():
        row = await current().fetchrow(_CLAIM, import_id, ["queued", "running"])
        if row is None:
            return 0
        work = await _list(import_id, at=at)
        start, whole = row["rows"], len(work.sheet.rows())
        ended = at if start >= whole else None
        await current().execute(
            "update import set state = $2, ended_at = $3 where id = $1",
            import_id,
            "done" if ended else "running",
            ended,
        )
        if ended:
            await _tell(row, "import_done", at=at)
    if ended:
        _forget(import_id)
        return 1
    # Each row by itself: nobody else who wants a place waits for the file.
    return max(await guests.advance(import_id, work, start=start, at=at), 1)


async def _list(import_id: UUID, *, at: datetime) -> guests.GuestList:
    """The list of an import, read once by each worker, with its event as it is now."""
    [row] = await current().fetch("select mapping, event, brand, source from import where id = $1", import_id)
    key = import_id, row["mapping"]
    if key not in _lists:
        while len(_lists) >= REMEMBERED:
            _lists.pop(next(iter(_lists)))
        _lists[key] = guest_list.opened(await files.read(import_id), columns=json.loads(row["mapping"]))
    return await guests.ready(_lists[key], event=row["event"], brand=row["brand"], source=row["source"], at=at)


# --- stores: few rows and one network, so one transaction ------------------------------------------------------------------


async def _plan(import_id: UUID, *, at: datetime) -> int:
    async with transaction():
        row = await current().fetchrow(_CLAIM, import_id, ["checking"])
        if row is None:
            return 0
        await _begin_anew(import_id)
        plan = await import_plan.foresee(await files.read(import_id), columns=json.loads(row["mapping"]))
        await _note_plan(import_id, plan)
        fates = {fate: plan.count(fate) for fate in ("new", "changed", "unchanged", "error")}
        checked = Checked(fates=fates | {"untouched": plan.untouched}, until=at)
        await current().execute(_CHECKED, import_id, msgspec.json.encode(checked).decode())
        await _tell(row, "import_checked", at=at)
    return max(len(plan.rows), 1)


async def _bring_in_stores(import_id: UUID, *, at: datetime) -> int:
    async with transaction():
        row = await current().fetchrow(_CLAIM, import_id, ["queued", "running"])
        if row is None:
            return 0
        await _begin_anew(import_id)
        content, columns = await files.read(import_id), json.loads(row["mapping"])
        # The plan of this moment is what is done: nobody else changes the network until this transaction ends.
        await dealers.take_turns(at)
        plan = await import_plan.foresee(content, columns=columns)
        await dealers.import_network(content, at=at, actor=f"staff:{row['staff']}", columns=columns)
        await _note_plan(import_id, plan)
        await current().execute("update import set state = 'done', ended_at = $2 where id = $1", import_id, at)
        await _tell(row, "import_done", at=at)
    return max(len(plan.rows), 1)


async def _note_plan(import_id: UUID, plan: import_plan.Plan) -> None:
    await insert(
        [
            ImportRow(
                import_id=import_id,
                row_no=one.number,
                fate=one.fate,
                reason="; ".join(one.says)[:LONGEST_REASON] or None,
            )
            for one in plan.rows
        ]
    )
    await current().execute(
        "update import set rows = $2, total = $2, created = $3, repeats = $4, errors = $5 where id = $1",
        import_id,
        len(plan.rows),
        plan.count("new") + plan.count("changed"),
        plan.count("unchanged"),
        plan.count("error"),
    )


async def _set_aside(due: _Due, wrong: Exception, *, at: datetime) -> None:
    # Only our own sentences may name the reason: another error's text could quote a cell.
    said = str(wrong) if isinstance(wrong, Refused) else type(wrong).__name__
    async with transaction():
        row = await current().fetchrow(_SET_ASIDE, due.id, at, said[:200], due.state)
        if row is not None and due.state == "undoing":
            await undoing.resume(due.id, at=at)
        if row is not None:
            await _tell(row, "import_failed", at=at)


async def _tell(row: Record, kind: str, *, at: datetime) -> None:
    """Let whoever asked for it hear that it is over."""
    told = [row["staff"]] if row["staff"] else []
    counts = {"done": row["total"], "total": row["total"]}
    await notifications.notify_staff(told, kind, href=await showing.address(row["id"]), at=at, **counts)


async def _purge(*, at: datetime) -> int:
    async with transaction():
        return await files.purge(at=at)


_WAITING = """
select id, subject, state from import
where state = 'undoing'
      or (state in ('checking', 'queued', 'running') and exists (select from import_file where import_id = import.id))
order by started_at limit $1
"""
# Between two batches it may have been cancelled; another worker may have it in hand.
_CLAIM = "select id, rows, total, checked, mapping, staff from import where id = $1 and state = any($2) for update skip locked"
_CHECKED = "update import set state = 'checked', checked = $2 where id = $1"
_SET_ASIDE = """
update import set state = 'failed', ended_at = $2, checked = jsonb_set(coalesce(checked, '{}'), '{failed}', to_jsonb($3::text))
where id = $1 and state = $4
returning id, staff, total
"""
_NO_COUNTS = "update import set rows = 0, created = 0, repeats = 0, errors = 0, checked = null where id = $1"
