"""What a bulk job does to one lead, and how it takes that back, in the words of the verbs that single leads know.

Promises that what is given back is what was there before. Refuses to take back what somebody else has changed since.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from campaigns import touchpoints
from crm import history, notes, tasks
from crm.database import current
from crm.languages import later
from crm.roles import Scope, numbered
from leads import kinds, steering
from leads.bulk.wanted import Known, Wanted
from leads.steering.spam import AtStoreSince, ChangedSince, Stood
from leads.steering.standing import lock_person_of_lead

Before: TypeAlias = dict[str, Any]
UNDONE = later("The bulk change that offered this was undone.")


class Running(msgspec.Struct, frozen=True):
    """A job as its rows need it: what is wanted, what its codes mean, and the scope of whoever started it."""

    id: UUID
    wanted: Wanted
    known: Known
    scope: Scope
    has_left: bool = False  # whoever started it works here no more


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
        raise AtStoreSince if state == "accepted" else ChangedSince
    await steering.take_back(offer, reason="other", words=UNDONE, scope=job.scope, at=at)


async def _withdraw(job: Running, lead: UUID, at: datetime) -> Before:
    query, values = numbered(_WAITING_OFFERS, [job.scope.of_interests()], lead)
    words = job.wanted.words
    for row in await current().fetch(query, *values):
        await steering.take_back(row["id"], reason=job.wanted.reason or "", words=words, scope=job.scope, at=at)
        words = None if job.wanted.reason != "other" else words
    return {}


async def _hold(job: Running, lead: UUID, at: datetime) -> Before:
    return {"stood": await steering.mark_spam(lead, scope=job.scope, at=at)}


async def _release(job: Running, lead: UUID, at: datetime) -> Before:
    return {"stood": await steering.unmark_spam(lead, scope=job.scope, at=at)}


async def _put_back(job: Running, lead: UUID, before: Before, at: datetime) -> None:
    await steering.put_back(lead, msgspec.convert(before["stood"], list[Stood]), scope=job.scope, at=at)


async def _give_campaign(job: Running, lead: UUID, at: datetime) -> Before:
    before = await _campaign_held_still(lead)
    await _set_campaign(job, lead, job.known.campaign, at=at)
    return {"campaign": before}


async def _give_back_campaign(job: Running, lead: UUID, before: Before, at: datetime) -> None:
    if await _campaign_held_still(lead) != job.known.campaign:
        raise ChangedSince
    await _set_campaign(job, lead, before["campaign"], at=at)


async def _campaign_held_still(lead: UUID) -> int | None:
    """The lead's campaign, while nobody makes an offer of it and no dealer tells anything about one."""
    await lock_person_of_lead(lead)
    await current().execute(_HELD_OFFERS, lead)
    campaign: int | None = await current().fetchval("select campaign from lead where id = $1 for update", lead)
    return campaign


async def _set_campaign(job: Running, lead: UUID, campaign: Any, *, at: datetime) -> None:
    """The lead came by this campaign: the visit that brought it, and all that was counted of it since, are that campaign's."""
    await current().execute("update lead set campaign = $2, version = version + 1 where id = $1", lead, campaign)
    told = await current().fetch(_TOLD, lead)
    await touchpoints.give_campaign(
        campaign,
        observations=list({row["observation"] for row in told}),
        interests=[row["interest"] for row in told if row["interest"]],
        at=at,
    )
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
    "hold": _put_back,
    "release": _put_back,
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
# Offers of a lead and those that it joined, locked before its own rows as everywhere. Grain: one row per offer. $1 lead.
_HELD_OFFERS = """
select offer.id from offer join interest on offer.interest = interest.id or offer.id = interest.joined
where interest.lead = $1 order by offer.id for update of offer
"""
_TOLD = "select lead.observation, interest.id as interest from lead left join interest on interest.lead = lead.id where lead.id = $1"
