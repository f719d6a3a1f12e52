"""Whether a lead is one at all: spam, and spam no more.

Promises that what is called spam is at no store and in nobody's queue, and that the word can be taken back: then the whole way begins again.
Refuses what a store has accepted, for then somebody was there.
"""

from datetime import datetime
from uuid import UUID

from crm import history
from crm.database import current, notify
from crm.errors import Refused
from crm.roles import Scope, numbered
from leads import feed, offers
from leads.steering.record import WAITING
from leads.steering.standing import hold_still, lock_person_of_lead, need_lead


class StoreHasIt(Refused):
    sentence = "A store has accepted this; take the offer back first."


async def mark_spam(lead: UUID, *, scope: Scope, at: datetime) -> int:
    """Nobody is to be offered this: what may be seen of the lead is held as spam, open offers are taken back. Says how many interests.

    Refuses when a store has accepted: then somebody was there.
    """
    async with feed.gathered():
        interests = await _interests_of(lead, scope=scope)
        held_offers = await current().fetch(_OFFERS_OF_INTERESTS, interests)
        if any(row["state"] == "accepted" for row in held_offers):
            raise StoreHasIt
        held = await hold_still(interests)
        marked = [row["id"] for row in held if row["hold"] != "spam" and row["stage"] in (*WAITING, "offered")]
        await offers.withdraw([row["id"] for row in held_offers], reason="spam", at=at)
        # What had joined another enquiry's offer leaves it alone.
        await current().execute(
            "update interest set stage = 'identified', hold = 'spam', joined = null, due_at = null where id = any($1::uuid[])",
            marked,
        )
        await _close_tasks(marked, scope=scope, at=at)
    for one in marked:
        await history.note(scope.actor.actor, "marked_spam", "interest", one, at=at)
    return len(marked)


async def unmark_spam(lead: UUID, *, scope: Scope, at: datetime) -> int:
    """It is a lead after all: its interests go the whole way again. Says how many."""
    interests = await _interests_of(lead, scope=scope)
    marked = [row["id"] for row in await hold_still(interests) if row["hold"] == "spam"]
    await current().execute(
        "update interest set hold = null, due_at = $2, attempts = 0 where id = any($1::uuid[])", marked, at
    )
    for one in marked:
        await history.note(scope.actor.actor, "unmarked_spam", "interest", one, at=at)
    await notify(history.CHANGES)
    return len(marked)


async def _interests_of(lead: UUID, *, scope: Scope) -> list[UUID]:
    await need_lead(lead, scope=scope)
    await lock_person_of_lead(lead)
    query, values = numbered("select id from interest where lead = $1 and {}", [scope.of_interests()], lead)
    return [row["id"] for row in await current().fetch(query, *values)]


async def _close_tasks(interests: list[UUID], *, scope: Scope, at: datetime) -> None:
    await current().execute(
        "update alliance_task set closed_at = $2, closed_by = $3 where interest = any($1::uuid[]) and closed_at is null",
        interests,
        at,
        scope.actor.actor,
    )


# Open offers made for these interests (not those they joined), locked. Grain: one row per offer. $1 interests.
_OFFERS_OF_INTERESTS = """
select id, state from offer where interest = any($1::uuid[]) and state in ('offered', 'accepted') order by id for update
"""
