"""A store that is late with its answers is told so in its dealer's feed, where its system and its own page both hear it.

Promises that an offer is reminded of at most once in ten minutes, whoever asks, and that who reminded stands in the history. Refuses a store
out of scope like one that is not there.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crm import history
from crm.database import current
from crm.network import stores
from crm.roles import EVERYTHING, Condition, Scope, numbered
from leads import feed

AGAIN_AFTER = timedelta(minutes=10)


class Reminded(msgspec.Struct, frozen=True):
    """How many late offers the store was told of now, and how many it had been told of a moment before."""

    told: int
    lately: int


async def remind(
    store: str, *, scope: Scope, at: datetime, offer: UUID | None = None, lead: UUID | None = None
) -> Reminded:
    """Tell a store's dealer of the store's late offers, or of those of one lead."""
    seen = await stores.show(store, scope=scope, at=at)
    text, values = numbered(_LATE, [scope.of_interests(), _only(offer, lead)], seen.id, at)
    late = await current().fetch(text, *values)
    known = await current().fetch(_LATELY, [row["id"] for row in late], at - AGAIN_AFTER)
    lately = {row["offer"] for row in known}
    due = [row for row in late if row["id"] not in lately]
    for row in due:
        await history.note(
            scope.actor.actor, "store_reminded", "interest", row["interest"], at=at, store=store, offer=str(row["id"])
        )
    if due:
        await history.note(scope.actor.actor, "store_reminded", "store", store, at=at, offers=len(due))
    await feed.append([feed.Line(row["dealer"], row["id"], "reminder") for row in due], at=at)
    return Reminded(told=len(due), lately=len(lately))


def _only(offer: UUID | None, lead: UUID | None) -> Condition:
    named = Condition("offer.id = {}", (offer,)) if offer else EVERYTHING
    return named & Condition("interest.lead = {}", (lead,)) if lead else named


# Late offers of a store, locked: two who remind at once meet here, and the second one finds the first one's line. Grain: one row per offer.
# $1 store, $2 now. Conditions: on the interest, which ones.
_LATE = """
select offer.id, offer.dealer, offer.interest
from offer join interest on interest.id = offer.interest
where offer.store = $1 and offer.state = 'offered' and offer.answer_due_at <= $2 and offer.expires_at > $2 and {} and {}
order by offer.id
for update of offer
"""
_LATELY = "select distinct offer from offer_event where offer = any($1::uuid[]) and type = 'reminder' and at > $2"
