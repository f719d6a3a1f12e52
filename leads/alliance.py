"""What no store took, in the hands of people: somebody takes it, gives it back, or closes it as lost and says why.

Promises that two who take the same thing are told of each other, that what was closed can be opened again, and that each act is in the history.
Refuses to close what is at a store, and what is out of the reader's scope like what does not exist.
"""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from crm import history
from crm.database import current
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.roles import Scope, numbered
from leads.inbox import dispositions
from leads.steering.standing import hold_still, lock_person_of_lead


class TakenAlready(Refused):
    sentence = "{who} has this in hand already."


class MovedOn(Refused):
    sentence = "This has left the alliance queue meanwhile."


async def take(task: UUID, *, scope: Scope, at: datetime) -> None:
    """It is mine to work; refuses what somebody else has in hand."""
    row = await _open_task(task, scope=scope)
    if row["assignee"] not in (None, scope.actor.id):
        raise TakenAlready(who=row["assignee_name"])
    await current().execute("update alliance_task set assignee = $2 where id = $1", task, scope.actor.id)
    await history.note(scope.actor.actor, "alliance_task_taken", "interest", row["interest"], at=at)


async def give_back(task: UUID, *, scope: Scope, at: datetime) -> None:
    """It is nobody's again. Anybody who works the queue may say so: people fall ill."""
    row = await _open_task(task, scope=scope)
    await current().execute("update alliance_task set assignee = null where id = $1", task)
    await history.note(scope.actor.actor, "alliance_task_given_back", "interest", row["interest"], at=at)


async def close_as_lost(task: UUID, *, reason: str, scope: Scope, at: datetime) -> None:
    """Nobody will sell here, for one of the reasons that stores name as well."""
    if reason not in dispositions.reasons(fits="lost"):
        raise Invalid(errors=[Fault(path="reason", message="Choose one of the reasons.")])
    await _lock_person(task, scope=scope)
    row = await _open_task(task, scope=scope)
    [interest] = await hold_still([row["interest"]])
    if interest["stage"] != "alliance_queue":
        raise MovedOn
    await _stand(row["interest"], "lost")
    await current().execute(
        "update alliance_task set closed_at = $2, closed_by = $3, outcome = $4 where id = $1",
        task,
        at,
        scope.actor.actor,
        reason,
    )
    await history.note(scope.actor.actor, "closed_as_lost", "interest", row["interest"], at=at, reason=reason)


async def open_again(task: UUID, *, scope: Scope, at: datetime) -> None:
    """It was not lost after all: back in the queue, in the same hands as before."""
    await _lock_person(task, scope=scope)
    query, values = numbered(_CLOSED, [scope.of_interests()], task)
    [row] = await current().fetch(query, *values)
    [interest] = await hold_still([row["interest"]])
    if row["outcome"] is None or interest["stage"] != "lost":
        raise MovedOn
    await _stand(row["interest"], "alliance_queue")
    await current().execute(
        "update alliance_task set closed_at = null, closed_by = null, outcome = null where id = $1", task
    )
    await history.note(scope.actor.actor, "alliance_task_opened_again", "interest", row["interest"], at=at)


async def _lock_person(task: UUID, *, scope: Scope) -> None:
    # The person before the task, as workers take them: the other way round each would wait for the other.
    query, values = numbered(_LEAD, [scope.of_interests()], task)
    lead = await current().fetchval(query, *values)
    if lead is None:
        raise NotThere
    await lock_person_of_lead(lead)


async def _open_task(task: UUID, *, scope: Scope) -> Record:
    query, values = numbered(_OPEN, [scope.of_interests()], task)
    row = await current().fetchrow(query, *values)
    if row is None:
        raise NotThere
    if row["closed_at"] is not None:
        raise MovedOn
    return row


async def _stand(interest: UUID, stage: str) -> None:
    await current().execute("update interest set stage = $2, hold = null, due_at = null where id = $1", interest, stage)


_LEAD = """
select interest.lead from alliance_task as task join interest on interest.id = task.interest where task.id = $1 and {}
"""
_OPEN = """
select task.interest, task.closed_at, task.assignee, staff.name as assignee_name
from alliance_task as task join interest on interest.id = task.interest left join staff on staff.id = task.assignee
where task.id = $1 and {}
for update of task
"""
_CLOSED = """
select task.interest, task.outcome
from alliance_task as task join interest on interest.id = task.interest
where task.id = $1 and {}
for update of task
"""
