"""Bulk jobs as their starters see them: how far each has come, and lead by lead what became of it.

Promises that a lead is named only to whom it may be seen now, and that no cell of the file is a formula for the spreadsheet that opens it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import spreadsheets
from crm.database import current
from crm.errors import NotThere
from crm.languages import say
from crm.roles import Actor, Condition, Scope, numbered
from leads.bulk import reasons, wanted
from leads.bulk.asking import reachable
from leads.bulk.wanted import UNDOABLE, Wanted
from leads.lists.statements import all_of

PAGE = 50
FATES = ("error", "skipped", "kept", "done", "undone")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it stands; `fates` counts its leads by what became of them, `kept` being those that an undo left alone."""

    id: UUID
    wanted: Wanted
    state: str
    total: int
    by: str
    created_at: datetime
    ended_at: datetime | None
    undone_at: datetime | None
    fates: dict[str, int]

    @property
    def is_working(self) -> bool:
        """Whether it moves by itself."""
        return self.state in ("queued", "running", "undoing")

    @property
    def passed(self) -> int:
        """How many leads had their turn, in the direction it goes."""
        if self.state == "undoing":
            return self.fates.get("undone", 0) + self.fates.get("kept", 0)
        return sum(self.fates.values())

    @property
    def whole(self) -> int:
        """Of how many."""
        if self.state == "undoing":
            return self.passed + self.fates.get("done", 0)
        return self.total

    @property
    def may_undo(self) -> bool:
        """Whether it can be taken back."""
        return self.state in ("done", "cancelled") and self.wanted.kind in UNDOABLE and bool(self.fates.get("done"))


class Line(msgspec.Struct, frozen=True):
    """One lead of a job; `number` is None when it may no longer be seen."""

    id: int
    lead: UUID | None
    number: str | None
    fate: str
    why: str


class Lines(msgspec.Struct, frozen=True):
    """A page of them; `after` is where the next one begins."""

    items: tuple[Line, ...]
    after: int | None


async def one(job: UUID, *, actor: Actor) -> Shown:
    """A job; refuses one that is not theirs."""
    found = await _jobs(actor, Condition("bulk.id = {}", (job,)), limit=1)
    if not found:
        raise NotThere
    return found[0]


async def latest(actor: Actor, *, before: datetime | None = None) -> list[Shown]:
    """Theirs, newest first, a page and one more."""
    also = [Condition("bulk.created_at < {}", (before,))] if before else []
    return await _jobs(actor, *also, limit=PAGE + 1)


async def lines(job: UUID, *, fate: str, scope: Scope, after: int | None = None) -> Lines:
    """What became of its leads, one fate at a time, in the order in which they were chosen."""
    rows = await _lines(job, [fate], scope=scope, after=after or 0, limit=PAGE + 1)
    return Lines(tuple(map(_line, rows[:PAGE])), rows[PAGE - 1]["id"] if len(rows) > PAGE else None)


async def error_file(job: UUID, *, scope: Scope) -> str:
    """Every lead that was not changed, and why, as CSV."""
    rows = await _lines(job, ["error", "skipped", "kept"], scope=scope, after=0, limit=None)
    heads = [say("Lead"), say("Number"), say("What became of it"), say("Why")]
    cells = [[str(line.lead or ""), line.number or "", line.fate, line.why] for line in map(_line, rows)]
    return spreadsheets.BOM + spreadsheets.written([heads, *cells])


async def _jobs(actor: Actor, *also: Condition, limit: int) -> list[Shown]:
    query, values = numbered(_JOBS, [all_of([reachable(actor), *also])], limit)
    return [_shown(row) for row in await current().fetch(query, *values)]


def _shown(row: Record) -> Shown:
    facts: dict[str, Any] = {name: value for name, value in row.items() if name not in ("params", "fates")}
    fates = msgspec.json.decode(row["fates"], type=dict[str, int]) if row["fates"] else {}
    return Shown(**facts, wanted=wanted.shown(row["params"]), fates=fates)


async def _lines(job: UUID, fates: Sequence[str], *, scope: Scope, after: int, limit: int | None) -> list[Record]:
    query, values = numbered(_LINES, [all_of([scope.of_leads()])], job, list(fates), after, limit)
    rows: list[Record] = await current().fetch(query, *values)
    return rows


def _line(row: Record) -> Line:
    return Line(row["id"], row["lead"], row["number"], row["fate"], reasons.words(row["reason"]))


# Jobs with how many of their leads came to what. Grain: one row per job. $1 how many.
_JOBS = """
select bulk.id, bulk.params, bulk.state, bulk.total, staff.name as by, bulk.created_at, bulk.ended_at, bulk.undone_at, (
           select json_object_agg(fate, count)::text from (
               select case when fate = 'done' and reason is not null then 'kept' else fate end as fate, count(*) as count
               from bulk_row where bulk_row.bulk = bulk.id and fate is not null group by 1) as by_fate) as fates
from bulk join staff on staff.id = bulk.staff
where {}
order by bulk.created_at desc, bulk.id desc limit $1
"""
# Leads of a job. Grain: one row per lead. $1 job, $2 fates, $3 beyond which row, $4 how many; the condition is what may be seen of leads.
_LINES = """
select row.id, lead.id as lead, observation.external_id as number, row.reason,
       case when row.fate = 'done' and row.reason is not null then 'kept' else row.fate end as fate
from bulk_row as row
left join lead on lead.id = row.lead and {}
left join observation on observation.id = lead.observation
where row.bulk = $1 and row.id > $3
      and case when row.fate = 'done' and row.reason is not null then 'kept' else row.fate end = any($2::text[])
order by row.id limit $4
"""
