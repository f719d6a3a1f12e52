"""What a bulk job does to one lead, and how it takes that back, in the words of the verbs that single leads know.

Promises that what is given back is what was there before. Refuses to take back what somebody else has changed since.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from asyncpg import Record

from campaigns import touchpoints
from campaigns.tables import Milestone
from crm import history, notes, tasks
from crm.database import current, notify
from crm.errors import Refused
from crm.ids import uuid7
from crm.languages import later
from crm.roles import Scope, numbered
from leads import kinds, steering
from leads.bulk.wanted import Known, Wanted
from leads.steering.record import WAITING
from leads.steering.standing import hold_still, lock_person_of_lead

Before: TypeAlias = dict[str, Any]
UNDONE = later("The bulk change that offered this was undone.")


class ChangedSince(Refused):
    sentence = "Somebody changed this since; it stays as it is."


class StoreHasIt(Refused):
    sentence = "A store has it meanwhile; it stays as it is."


class Running(msgspec.Struct, frozen=True):
    """A job as its rows need it: what is wanted, what its codes mean, and the scope of whoever started it."""

    id: UUID
    wanted: Wanted
    known: Known
    scope: Scope
    has_left: bool = False  # whoever started it works here no more


class Stood(msgspec.Struct, frozen=True):
    """Where an interest stood before, and the open task of the alliance that it had."""

    id: UUID
    stage: str
    hold: str | None
    due_at: datetime | None
    task: UUID | None


async def do(job: Running, lead: UUID, *, at: datetime) -> Before:
    """Change one lead; answers what undo needs."""
    return await _DOING[job.wanted.kind](job, lead, at)


async def undo(job: Running, lead: UUID, before: Before, *, at: datetime) -> None:
    """Give one lead back what it was before."""
    await _UNDOING[job.wanted.kind](job, lead, before, at)


async def _offer(job: Running, lead: UUID, at: datetime) -> Before:
    wanted, store = job.wanted, job.known.store
    assert store is not None  # noqa: S101 - whoever skips a lead without a fitting brand has looked at the store
    query, values = numbered(_FITTING, [job.scope.of_interests()], lead, sorted(store.brands), kinds.RANKS["deposit"])
    interest = await current().fetchval(query, *values)
    made = await steering.offer(
        interest, store=store.code, reason=wanted.reason or "", words=wanted.words, scope=job.scope, at=at
    )
    return {"offer": str(made)}


async def _take_offer_back(job: Running, _: UUID, before: Before, at: datetime) -> None:
    offer = UUID(before["offer"])
    state = await current().fetchval("select state from offer where id = $1", offer)
    if state != "offered":
        raise StoreHasIt if state == "accepted" else ChangedSince
    await steering.take_back(offer, reason="other", words=UNDONE, scope=job.scope, at=at)


async def _withdraw(job: Running, lead: UUID, at: datetime) -> Before:
    query, values = numbered(_WAITING_OFFERS, [job.scope.of_interests()], lead)
    words = job.wanted.words
    for row in await current().fetch(query, *values):
        await steering.take_back(row["id"], reason=job.wanted.reason or "", words=words, scope=job.scope, at=at)
        words = None if job.wanted.reason != "other" else words
    return {}


async def _hold(job: Running, lead: UUID, at: datetime) -> Before:
    stood = await _standing(job, lead)
    await steering.mark_spam(lead, scope=job.scope, at=at)
    return {"stood": [one for one in stood if one.hold != "spam" and one.stage in (*WAITING, "offered")]}


async def _unhold(job: Running, lead: UUID, before: Before, at: datetime) -> None:
    stood = msgspec.convert(before["stood"], list[Stood])
    for now in await _held_still(lead, stood):
        if now["hold"] != "spam":
            raise ChangedSince
    for one in stood:
        # Whose offer was taken back goes the whole way again; every other one stands where it stood.
        was_offered = one.stage == "offered"
        stage, due_at = ("identified", at) if was_offered else (one.stage, one.due_at)
        await _stand(one.id, stage=stage, hold=None if was_offered else one.hold, due_at=due_at)
        if one.task and not was_offered:
            await current().execute(
                "update alliance_task set closed_at = null, closed_by = null where id = $1", one.task
            )
        await history.note(job.scope.actor.actor, "unmarked_spam", "interest", one.id, at=at, bulk=str(job.id))
    await notify(history.CHANGES)


async def _release(job: Running, lead: UUID, at: datetime) -> Before:
    stood = await _standing(job, lead)
    await steering.unmark_spam(lead, scope=job.scope, at=at)
    return {"stood": [one for one in stood if one.hold == "spam"]}


async def _hold_again(job: Running, lead: UUID, before: Before, at: datetime) -> None:
    stood = msgspec.convert(before["stood"], list[Stood])
    for now in await _held_still(lead, stood):
        if now["hold"] == "spam":
            raise ChangedSince
        if now["stage"] not in WAITING:
            raise StoreHasIt
    for one in stood:
        await _stand(one.id, stage=one.stage, hold="spam", due_at=None)
        await current().execute(
            "update alliance_task set closed_at = $2, closed_by = $3 where interest = $1 and closed_at is null",
            one.id,
            at,
            job.scope.actor.actor,
        )
        await history.note(job.scope.actor.actor, "marked_spam", "interest", one.id, at=at, bulk=str(job.id))


async def _give_campaign(job: Running, lead: UUID, at: datetime) -> Before:
    before = await current().fetchval("select campaign from lead where id = $1 for update", lead)
    await _set_campaign(job, lead, job.known.campaign, at=at)
    return {"campaign": before}


async def _give_back_campaign(job: Running, lead: UUID, before: Before, at: datetime) -> None:
    now = await current().fetchval("select campaign from lead where id = $1 for update", lead)
    if now != job.known.campaign:
        raise ChangedSince
    await _set_campaign(job, lead, before["campaign"], at=at)


async def _set_campaign(job: Running, lead: UUID, campaign: Any, *, at: datetime) -> None:
    """The lead came by this campaign, and so did all that was counted of it."""
    await current().execute("update lead set campaign = $2, version = version + 1 where id = $1", lead, campaign)
    standing = [Milestone(**row) for row in await current().fetch(_COUNTED, lead)]
    await touchpoints.retract(standing, at=at)
    told = [
        Milestone(**_values(row) | {"id": uuid7(at), "campaign": campaign, "recorded_at": at, "retracted_at": None})
        for row in standing
    ]
    await touchpoints.record_milestones(told)
    await history.note(job.scope.actor.actor, "campaign_given", "lead", lead, at=at, campaign=job.wanted.campaign)


async def _ask(job: Running, lead: UUID, at: datetime) -> Before:
    wanted = job.wanted
    made = await tasks.set_("lead", lead, text=wanted.text or "", by=job.scope.actor, at=at, due_at=wanted.due_at)
    # Whoever is to do them all hears of them once, when the job ends, and not of each.
    await current().execute("update staff_task set assignee = $2 where id = $1", made, wanted.assignee)
    return {"task": str(made)}


async def _unask(_job: Running, _lead: UUID, before: Before, _at: datetime) -> None:
    gone = await current().fetchval(
        "delete from staff_task where id = $1 and done_at is null returning id", UUID(before["task"])
    )
    if gone is None:
        raise ChangedSince


async def _write(job: Running, lead: UUID, at: datetime) -> Before:
    made = await notes.write("lead", lead, text=job.wanted.text or "", by=job.scope.actor, at=at)
    return {"note": str(made)}


async def _unwrite(job: Running, lead: UUID, before: Before, at: datetime) -> None:
    await notes.retract(UUID(before["note"]), subject=lead, by=job.scope.actor, at=at)


async def _standing(job: Running, lead: UUID) -> list[Stood]:
    await lock_person_of_lead(lead)
    query, values = numbered(_STOOD, [job.scope.of_interests()], lead)
    return [Stood(**row) for row in await current().fetch(query, *values)]


async def _held_still(lead: UUID, stood: list[Stood]) -> list[Record]:
    await lock_person_of_lead(lead)
    return list(await hold_still([one.id for one in stood]))


async def _stand(interest: UUID, *, stage: str, hold: str | None, due_at: datetime | None) -> None:
    await current().execute(
        "update interest set stage = $2, hold = $3, due_at = $4, joined = null, attempts = 0 where id = $1",
        interest,
        stage,
        hold,
        due_at,
    )


def _values(row: Milestone) -> dict[str, Any]:
    return {column._meta.name: getattr(row, column._meta.name) for column in Milestone._meta.columns}  # noqa: SLF001


_DOING: dict[str, Callable[[Running, UUID, datetime], Awaitable[Before]]] = {
    "offer": _offer,
    "withdraw": _withdraw,
    "hold": _hold,
    "release": _release,
    "campaign": _give_campaign,
    "task": _ask,
    "note": _write,
}
_UNDOING: dict[str, Callable[[Running, UUID, Before, datetime], Awaitable[None]]] = {
    "offer": _take_offer_back,
    "hold": _unhold,
    "release": _hold_again,
    "campaign": _give_back_campaign,
    "task": _unask,
    "note": _unwrite,
}

# The first wish of a lead that a store could serve. $1 lead, $2 brands of the store, $3 the rank of a contract.
_FITTING = """
select interest.id from interest join stage on stage.code = interest.stage
where interest.lead = $1 and interest.brand = any($2::int[]) and stage.rank < $3 and interest.hold is distinct from 'spam' and {}
order by interest.rank, interest.id limit 1
"""
_WAITING_OFFERS = """
select offer.id from offer join interest on interest.id = offer.interest
where interest.lead = $1 and offer.state = 'offered' and {} order by offer.id
"""
_STOOD = """
select interest.id, interest.stage, interest.hold, interest.due_at, task.id as task
from interest left join alliance_task as task on task.interest = interest.id and task.closed_at is null
where interest.lead = $1 and {} order by interest.id
"""
_COUNTED = """
select milestone.* from milestone join interest on interest.id = milestone.interest
where interest.lead = $1 and milestone.retracted_at is null
"""
