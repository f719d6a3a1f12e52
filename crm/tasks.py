"""Things to be done about a lead or a person: sealed words, a moment, somebody to do it.

Promises that a task is seen like a note, by whom it was written for and by whoever is to do it, and that "done" can be taken back. Refuses
somebody of another brand, or who may not work on leads, as the one to do it.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import notes, vault
from crm.database import current, insert
from crm.errors import Fault, Invalid, NotThere
from crm.ids import uuid7
from crm.notes import SubjectKind
from crm.roles import MAY, Actor, Condition, Scope, numbered
from crm.staff import notifications
from crm.tables import StaffTask

LONGEST = 400
WORKERS = sorted(role for role, permissions in MAY.items() if "leads.work" in permissions)


class Task(msgspec.Struct, frozen=True):
    """A task as it is read. Personal, so never to be logged."""

    id: UUID
    subject: UUID
    text: str
    author: int
    author_name: str
    assignee: int | None
    assignee_name: str | None
    brand: int | None
    at: datetime
    due_at: datetime | None
    done_at: datetime | None
    done_by_name: str | None

    def __repr__(self) -> str:
        return f"Task({self.id})"


class Colleague(msgspec.Struct, frozen=True):
    """Somebody who may be asked to do something."""

    id: int
    name: str
    brand: int | None


async def set_(
    kind: SubjectKind,
    subject: UUID,
    *,
    text: str,
    by: Actor,
    at: datetime,
    due_at: datetime | None = None,
    assignee: int | None = None,
    brand: int | None = None,
) -> UUID:
    """Ask for something to be done, and return the task's id; whoever else is to do it is told in the page.

    Staff of a brand ask within their own; the alliance may ask for one brand, or for itself.
    """
    said, of_brand = text.strip(), by.brand if by.brand is not None else brand
    if not said or len(said) > LONGEST:
        raise Invalid(errors=[Fault(path="text", message=f"Write 1 to {LONGEST} characters.")])
    await _need_colleague(assignee, by=by)
    fresh = uuid7(at)
    sealed = vault.seal(said, place=_place(fresh))
    task = StaffTask(
        id=fresh,
        subject_kind=kind,
        subject=subject,
        brand=of_brand,
        text=sealed,
        assignee=assignee,
        author=by.id,
        at=at,
        due_at=due_at,
    )
    await insert([task])
    if assignee is not None and assignee != by.id:
        href = {"lead": "/leads", "person": "/people"}[kind]
        await notifications.notify_staff([assignee], "task_given", href=f"{href}/{subject}", at=at, by=by.name)
    return fresh


async def done(task: UUID, *, subject: UUID, scope: Scope, at: datetime) -> None:
    """Somebody who sees the task says that it is done; who said it first stays."""
    await _set_done(task, subject=subject, scope=scope, done_at=at, done_by=scope.actor.id)


async def reopen(task: UUID, *, subject: UUID, scope: Scope) -> None:
    """The task is to be done after all."""
    await _set_done(task, subject=subject, scope=scope, done_at=None, done_by=None)


async def on(kind: SubjectKind, subjects: Iterable[UUID], *, scope: Scope) -> list[Task]:
    """The tasks on these that may be seen: open ones first, by what is due; the caller has checked that the subjects may be seen."""
    query, values = numbered(_TASKS, [_seen_with(scope)], kind, sorted(subjects))
    return [_opened(row) for row in await current().fetch(query, *values)]


async def colleagues(actor: Actor) -> list[Colleague]:
    """Whom this actor may ask: staff who work on leads, of the same brand or of the alliance."""
    rows = await current().fetch(
        """
        select id, name, brand from staff
        where disabled_at is null and role = any($1::text[]) and ($2::int is null or brand is null or brand = $2)
        order by name, id
        """,
        WORKERS,
        actor.brand,
    )
    return [Colleague(*row.values()) for row in rows]


async def _need_colleague(assignee: int | None, *, by: Actor) -> None:
    if assignee is not None and assignee not in {one.id for one in await colleagues(by)}:
        raise Invalid(errors=[Fault(path="assignee", message="Choose somebody who works on leads with you.")])


async def _set_done(task: UUID, *, subject: UUID, scope: Scope, done_at: datetime | None, done_by: int | None) -> None:
    query, values = numbered(_SET_DONE, [_seen_with(scope)], task, subject, done_at, done_by)
    if await current().fetchval(query, *values) is None:
        raise NotThere


def _seen_with(scope: Scope) -> Condition:
    seen, actor = notes.seen_with(scope, "staff_task"), scope.actor
    # Whoever was asked sees it, unless it was another brand's and they have changed sides since.
    asked = "staff_task.assignee = {} and (staff_task.brand is null or {}::int is null or staff_task.brand = {})"
    return Condition(f"({seen.text} or ({asked}))", (*seen.values, actor.id, actor.brand, actor.brand))


def _opened(row: Record) -> Task:
    text = vault.open_(row["text"], place=_place(row["id"]))
    return Task(**{name: row[name] for name in Task.__struct_fields__ if name != "text"}, text=text)


def _place(task: UUID) -> str:
    return f"staff_task|text|{task}"


_SET_DONE = """
update staff_task set done_at = case when $3::timestamptz is null then null else coalesce(done_at, $3) end,
                      done_by = case when $3::timestamptz is null then null else coalesce(done_by, $4) end
where id = $1 and subject = $2 and {}
returning id
"""

# Tasks with who asked and who is asked. Grain: one row per task. $1 subject kind, $2 subjects, then the scope's values.
_TASKS = """
select staff_task.id, staff_task.subject, staff_task.text, staff_task.author, author.name as author_name, staff_task.assignee,
       assignee.name as assignee_name, staff_task.brand, staff_task.at, staff_task.due_at, staff_task.done_at, doer.name as done_by_name
from staff_task
join staff as author on author.id = staff_task.author
left join staff as assignee on assignee.id = staff_task.assignee
left join staff as doer on doer.id = staff_task.done_by
where subject_kind = $1 and subject = any($2::uuid[]) and {}
order by staff_task.done_at desc nulls first, staff_task.due_at nulls last, staff_task.at, staff_task.id
"""
