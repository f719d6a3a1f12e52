"""Questions about identity that the machine leaves to people: the queue of them, and what an answer does.

Promises one answer per question: whoever comes second is told who answered and how. Each answer is kept as a label with the score of its
moment, releases what waited for it, and can be taken back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import history, people
from crm.database import current, statement
from crm.errors import Invalid, NotThere, Refused
from crm.identity.scoring import model
from crm.languages import later
from crm.people import comparison
from crm.roles import EVERYTHING, Actor, Condition, numbered

Verdict = Literal["same", "different", "later"]
LATER = timedelta(days=1)
LISTED = 50
ABOVE = 3
REASON = later("found to be one person in review")


class AnsweredAlready(Refused):
    sentence = "{who} answered this already: {answer}."


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A question in the queue; score and parts are those of the moment at which it arose, where there were any."""

    id: UUID
    kind: str
    opened_at: datetime
    person: UUID
    person_no: int
    other: UUID
    other_no: int
    score: float | None
    parts: tuple[dict[str, Any], ...]


class Standing(msgspec.Struct, frozen=True):
    """How many wait, since when the oldest, and how many this reader answered since the moment asked about."""

    waiting: int
    oldest: datetime | None
    answered: int


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One question as it stands, its two sides as they are known today; a closed one says by whom and how."""

    id: UUID
    kind: str
    opened_at: datetime
    observation: UUID | None
    person: UUID
    other: UUID
    answer: str | None
    not_before: datetime | None
    who: str | None
    merge: UUID | None

    @property
    def is_settled(self) -> bool:
        """Whether nothing is asked any more."""
        return self.answer is not None or self.person == self.other


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that somebody gave, and whether it still stands."""

    task: UUID
    at: datetime
    answer: str
    person: UUID
    other: UUID
    stands: bool


async def waiting(*, at: datetime, after: Waiting | Task | None = None, limit: int = 50) -> list[Waiting]:
    """The questions that wait now, the oldest first."""
    return [_waiting(row) for row in await _queue(after, sign=">", at=at, limit=limit)]


async def around(task: Task, *, at: datetime, limit: int) -> list[Waiting]:
    """A stretch of the queue with this question in it, a few older ones before it."""
    rows = await current().fetch(_BEFORE, at, task.opened_at, task.id, ABOVE)
    first = msgspec.structs.replace(task, id=rows[-1]["id"], opened_at=rows[-1]["opened_at"]) if rows else task
    return [_waiting(row) for row in await _queue(first, sign=">=", at=at, limit=limit)]


async def standing(*, actor: Actor, at: datetime, since: datetime) -> Standing:
    """How the queue stands, and how far this reader came since a moment."""
    [row] = await current().fetch(statement("crm", "review_counts"), at, actor.actor, since)
    return Standing(*row.values())


async def find(task: UUID) -> Task:
    """One question, open or answered; refuses what is none."""
    row = await current().fetchrow(_TASK, task)
    if row is None:
        raise NotThere
    return Task(**row)


async def position(task: Task, *, at: datetime) -> int:
    """How many waiting questions are older, and this one: its place in the queue, from 1."""
    place: int = await current().fetchval(_POSITION, at, task.opened_at, task.id)
    return place


async def next_after(task: Task, *, at: datetime) -> Waiting | None:
    """The next question in the queue, from the top again after the last; None when no other waits."""
    rows = await waiting(at=at, after=task, limit=1) or await waiting(at=at, limit=1)
    return next((row for row in rows if row.id != task.id), None)


async def before(task: Task, *, at: datetime) -> Waiting | None:
    """The question before this one; None for the first."""
    rows = await current().fetch(_BEFORE, at, task.opened_at, task.id, 1)
    return await _one(rows[0]["id"], at=at) if rows else None


async def decided_by(actor: Actor, *, before: datetime | None = None) -> list[Decided]:
    """What one reviewer answered, newest first."""
    earlier = Condition("label.at < {}", (before,)) if before else EVERYTHING
    query, values = numbered(_DECIDED, [earlier], actor.actor, LISTED)
    return [Decided(**row) for row in await current().fetch(query, *values)]


async def answer(task_id: UUID, *, verdict: Verdict, actor: Actor, at: datetime, other: UUID | None = None) -> Task:
    """Say that the two are one (merge), different people, or put the question off for a day; returns the task as it stands then.

    For somebody who contradicts themself `other` may be the second person in question. Refuses what was answered already.
    """
    task = await _claim(task_id)
    match verdict:
        case "same":
            await _join(task, await _meant(task, other), actor=actor, at=at)
        case "different":
            await _keep_apart(task, actor=actor, at=at)
        case "later":
            await _put_off(task, until=at + LATER)
    await _label(task, verdict, actor=actor, at=at)
    return await find(task_id)


async def undo(task_id: UUID, *, actor: Actor, at: datetime) -> Task:
    """Take the answer back: the merge is undone, the two are no longer kept apart, and the question waits again.

    One that nobody answered, or that went because its correction was taken back, stays as it is.
    """
    task = await find(task_id)
    if task.answer not in ("same", "different") and task.not_before is None:
        return task
    if task.answer == "same" and task.merge is not None:
        loser = await people.unmerge(task.merge, actor=actor.actor, at=at, reason="answer taken back")
        # Taken back is not answered: nobody found them to be different people.
        await people.lift_apart(await _survivor(task.merge), loser)
    elif task.answer == "different":
        await people.lift_apart(*await _asked(task.id))
        await people.lift_apart(task.person, task.other)
    await current().execute(_REOPEN, task_id)
    await history.note(actor.actor, "review_undone", "review_task", task_id, at=at, answer=task.answer or "later")
    return await find(task_id)


def _waiting(row: Record) -> Waiting:
    return Waiting(**{**row, "parts": tuple(msgspec.json.decode(row["parts"]))})


async def _queue(after: Waiting | Task | None, *, sign: str, at: datetime, limit: int) -> Sequence[Record]:
    beyond = EVERYTHING
    if after is not None:
        beyond = Condition(f"(review_task.opened_at, review_task.id) {sign} ({{}}, {{}})", (after.opened_at, after.id))
    query, values = numbered(statement("crm", "review_queue"), [beyond], at, limit)
    rows: Sequence[Record] = await current().fetch(query, *values)
    return rows


async def _one(task: UUID, *, at: datetime) -> Waiting | None:
    only = Condition("review_task.id = {}", (task,))
    query, values = numbered(statement("crm", "review_queue"), [only], at, 1)
    return next((_waiting(row) for row in await current().fetch(query, *values)), None)


async def _claim(task_id: UUID) -> Task:
    """The question, open and ours until the transaction ends. People are locked before questions, as a merge does."""
    task = await find(task_id)
    await people.hold_still({task.person, task.other})
    await current().execute("select from review_task where id = $1 for update", task_id)
    task = await find(task_id)
    if task.answer is not None:
        raise AnsweredAlready(who=task.who or "The machine", answer=task.answer)
    return task


async def _meant(task: Task, other: UUID | None) -> UUID:
    if other in (None, task.other):
        return task.other
    rivals = [it.person for it in await comparison.rivals(task.person, without=task.other)]
    if task.kind != "contradiction" or other not in rivals:
        raise Invalid(errors=[{"path": "other", "message": later("This person is not in question here.")}])
    return UUID(str(other))


async def _join(task: Task, other: UUID, *, actor: Actor, at: datetime) -> None:
    if task.person == task.other:
        by = actor.actor
    else:
        [merge] = await people.merge(task.person, other, actor=actor.actor, reason=REASON, at=at)
        by = f"merge {merge}"
    # The merge answers the questions between its two sides; this one may have been asked about somebody else.
    await _close(task.id, "same", by=by, at=at)


async def _keep_apart(task: Task, *, actor: Actor, at: datetime) -> None:
    await people.keep_apart(task.person, task.other, actor=actor.actor, at=at)
    await _close(task.id, "different", by=actor.actor, at=at)
    # An enquiry that waited to know whose it is may go on: as that of a person of their own.
    await history.tell("kept_apart", {task.person, task.other}, at=at)


async def _put_off(task: Task, *, until: datetime) -> None:
    await current().execute("update review_task set not_before = $2 where id = $1", task.id, until)


async def _close(task: UUID, answer_: str, *, by: str, at: datetime) -> None:
    await current().execute(
        "update review_task set closed_at = $4, closed_by = $3, answer = $2 where id = $1", task, answer_, by, at
    )


async def _label(task: Task, verdict: Verdict, *, actor: Actor, at: datetime) -> None:
    facts = {"person": str(task.person), "other": str(task.other), "weights": model().version, "kind": task.kind}
    await history.note(actor.actor, f"review_{verdict}", "review_task", task.id, at=at, **facts)


async def _asked(task: UUID) -> tuple[UUID, UUID]:
    [row] = await current().fetch("select person, other from review_task where id = $1", task)
    return row["person"], row["other"]


async def _survivor(merge: UUID) -> UUID:
    survivor: UUID = await current().fetchval("select survivor from merge where id = $1", merge)
    return survivor


# Grain: at most one row. $1 task. A merge closes the questions it answers in its own name; who merged is in the merge.
_TASK = """
select review_task.id, review_task.kind, review_task.opened_at, review_task.observation, review_task.answer, review_task.not_before,
       coalesce(asked.merged_into, asked.id) as person, coalesce(compared.merged_into, compared.id) as other,
       staff.name as who, merge.id as merge
from review_task
join person as asked on asked.id = review_task.person
join person as compared on compared.id = review_task.other
left join merge on review_task.closed_by = 'merge ' || merge.id
left join staff on coalesce(merge.actor, review_task.closed_by) = 'staff:' || staff.id
where review_task.id = $1
"""

# $1 now, $2 opened at, $3 task.
_POSITION = """
select count(*)::int from review_task
join person as asked on asked.id = review_task.person
join person as compared on compared.id = review_task.other
where closed_at is null and coalesce(not_before, '-infinity') <= $1 and (opened_at, review_task.id) <= ($2, $3)
      and coalesce(asked.merged_into, asked.id) <> coalesce(compared.merged_into, compared.id)
"""

# The questions before one, the nearest first. $1 now, $2 opened at, $3 task, $4 limit.
_BEFORE = """
select review_task.id, review_task.opened_at from review_task
join person as asked on asked.id = review_task.person
join person as compared on compared.id = review_task.other
where closed_at is null and coalesce(not_before, '-infinity') <= $1 and (opened_at, review_task.id) < ($2, $3)
      and coalesce(asked.merged_into, asked.id) <> coalesce(compared.merged_into, compared.id)
order by opened_at desc, review_task.id desc
limit $4
"""

# Grain: one row per answer. $1 actor, $2 limit. Condition: on the label.
_DECIDED = """
select label.subject::uuid as task, label.at, substr(label.action, 8) as answer, review_task.person, review_task.other,
       review_task.answer is not distinct from nullif(substr(label.action, 8), 'later') as stands
from history_entry as label join review_task on review_task.id = label.subject::uuid
where label.actor = $1 and label.subject_kind = 'review_task'
      and label.action in ('review_same', 'review_different', 'review_later') and {}
order by label.at desc, label.id desc
limit $2
"""

_REOPEN = """
update review_task set closed_at = null, closed_by = null, answer = null, not_before = null where id = $1
"""
