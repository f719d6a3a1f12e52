"""Whether a lead is one at all: spam, and spam no more.

Promises that what is called spam is at no store and in nobody's queue, and that the word can be taken back: then the whole way begins again,
or everything stands where it stood. Refuses what a store has accepted, for then somebody was there.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crm import history
from crm.database import current, notify
from crm.errors import Refused
from crm.roles import Scope, numbered
from leads import feed, offers
from leads.steering.record import WAITING
from leads.steering.standing import hold_still, lock_person_of_lead, need_lead


class StoreHasIt(Refused):
    sentence = "A store has accepted this; take the offer back first."


class ChangedSince(Refused):
    sentence = "Somebody changed this since; it stays as it is."


class AtStoreSince(Refused):
    sentence = "A store has it meanwhile; it stays as it is."


class Stood(msgspec.Struct, frozen=True):
    """Where an interest stood before it was marked or let go, and the open task of the alliance that it had."""

    id: UUID
    stage: str
    hold: str | None
    due_at: datetime | None
    task: UUID | None


async def mark_spam(lead: UUID, *, scope: Scope, at: datetime) -> list[Stood]:
    """Nobody is to be offered this: what may be seen of the lead is held as spam, open offers are taken back. Says where all that stood.

    Refuses when a store has accepted: then somebody was there.
    """
    async with feed.gathered():
        stood = await _standing(lead, scope=scope)
        interests = [one.id for one in stood]
        held_offers = await current().fetch(_OFFERS_OF_INTERESTS, interests)
        if any(row["state"] == "accepted" for row in held_offers):
            raise StoreHasIt
        held = await hold_still(interests)
        free = {row["id"] for row in held if row["hold"] != "spam" and row["stage"] in (*WAITING, "offered")}
        marked = [one for one in interests if one in free]
        await offers.withdraw([row["id"] for row in held_offers], reason="spam", at=at)
        # What had joined another enquiry's offer leaves it alone.
        await current().execute(
            "update interest set stage = 'identified', hold = 'spam', joined = null, due_at = null where id = any($1::uuid[])",
            marked,
        )
        await _close_tasks(marked, scope=scope, at=at)
    for one in marked:
        await history.note(scope.actor.actor, "marked_spam", "interest", one, at=at)
    return [one for one in stood if one.id in free]


async def unmark_spam(lead: UUID, *, scope: Scope, at: datetime) -> list[Stood]:
    """It is a lead after all: its interests go the whole way again. Says where they stood."""
    stood = await _standing(lead, scope=scope)
    marked = [row["id"] for row in await hold_still([one.id for one in stood]) if row["hold"] == "spam"]
    await current().execute(
        "update interest set hold = null, due_at = $2, attempts = 0 where id = any($1::uuid[])", marked, at
    )
    for one in marked:
        await history.note(scope.actor.actor, "unmarked_spam", "interest", one, at=at)
    await notify(history.CHANGES)
    return [one for one in stood if one.id in marked]


async def put_back(lead: UUID, stood: Sequence[Stood], *, scope: Scope, at: datetime) -> None:
    """Take a mark back, or take its taking back: everything stands where it stood; what was at a store goes the whole way again.

    Refuses what somebody changed since, and to call spam what a store has by now.
    """
    await need_lead(lead, scope=scope)
    await lock_person_of_lead(lead)
    today = {row["id"]: row for row in await hold_still([one.id for one in stood])}
    for one in stood:
        if (today[one.id]["hold"] == "spam") == (one.hold == "spam"):
            raise ChangedSince
        if one.hold == "spam" and today[one.id]["stage"] not in WAITING:
            raise AtStoreSince
    for one in stood:
        await (_mark_again(one, scope=scope, at=at) if one.hold == "spam" else _let_go(one, at=at))
        action = "marked_spam" if one.hold == "spam" else "unmarked_spam"
        await history.note(scope.actor.actor, action, "interest", one.id, at=at)
    await notify(history.CHANGES)


async def _mark_again(one: Stood, *, scope: Scope, at: datetime) -> None:
    await current().execute(_STAND, one.id, one.stage, "spam", None)
    await _close_tasks([one.id], scope=scope, at=at)


async def _let_go(one: Stood, *, at: datetime) -> None:
    if one.stage == "offered":
        await current().execute(_STAND, one.id, "identified", None, at)
    else:
        # What would have released its hold, or brought it back from the alliance queue, passed it by meanwhile: it is looked at once more.
        due_at = one.due_at or (at if one.hold else None)
        await current().execute(_STAND, one.id, one.stage, one.hold, due_at)
        await current().execute("update alliance_task set closed_at = null, closed_by = null where id = $1", one.task)


async def _standing(lead: UUID, *, scope: Scope) -> list[Stood]:
    await need_lead(lead, scope=scope)
    await lock_person_of_lead(lead)
    query, values = numbered(_STOOD, [scope.of_interests()], lead)
    return [Stood(**row) for row in await current().fetch(query, *values)]


async def _close_tasks(interests: list[UUID], *, scope: Scope, at: datetime) -> None:
    await current().execute(
        "update alliance_task set closed_at = $2, closed_by = $3 where interest = any($1::uuid[]) and closed_at is null",
        interests,
        at,
        scope.actor.actor,
    )


_STAND = "update interest set stage = $2, hold = $3, due_at = $4, joined = null, attempts = 0 where id = $1"
# The interests of a lead with the open tasks that they have. Grain: one row per interest. $1 lead.
_STOOD = """
select interest.id, interest.stage, interest.hold, interest.due_at, task.id as task
from interest left join alliance_task as task on task.interest = interest.id and task.closed_at is null
where interest.lead = $1 and {} order by interest.id
"""
# Open offers made for these interests (not those they joined), locked. Grain: one row per offer. $1 interests.
_OFFERS_OF_INTERESTS = """
select id, state from offer where interest = any($1::uuid[]) and state in ('offered', 'accepted') order by id for update
"""
