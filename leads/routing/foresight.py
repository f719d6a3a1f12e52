"""Where an offer goes next when its store does not answer: the same choice, made now, without that store.

Promises the choice as it would be this moment, by the receipt's own facts with today's load and credits. Writes nothing and binds nobody: by
the time the offer moves on, another lead may have moved the credits.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace

from crm.database import current
from crm.network import local_day
from leads.routing.choice import Facts, award, field_of


class Foreseen(NamedTuple):
    """What would come out: the next store's code and name, or the outcome that stands in its place."""

    outcome: str
    code: str | None
    store: str | None


async def after(receipt: UUID, *, at: datetime) -> Foreseen | None:
    """What would be decided now if the offer of this receipt moved on; None when the receipt chose no store."""
    row = await current().fetchrow("select inputs, winner from receipt where id = $1", receipt)
    if row is None or row["winner"] is None:
        return None
    facts = await _without(msgspec.json.decode(row["inputs"], type=Facts), row["winner"], at=at)
    field = field_of(facts)
    owed = await current().fetch("select store, credit from store_credit where pool_key = $1", field.pool_key)
    choice = award(facts, field, credits_before={row["store"]: row["credit"] for row in owed})
    next_one = next((share for share in choice.pool if share.store == choice.winner), None)
    if next_one is None:
        return Foreseen(choice.outcome, None, None)
    name = await current().fetchval("select name_zh from store where id = $1", next_one.store)
    return Foreseen(choice.outcome, next_one.code, name)


async def _without(facts: Facts, store: int, *, at: datetime) -> Facts:
    ids = [one.store for one in facts.candidates]
    rows = await current().fetch(
        "select store, offered from store_day where on_date = $2 and store = any($1::int[])", ids, local_day(at)
    )
    load = {row["store"]: row["offered"] for row in rows}
    candidates = tuple(
        replace(one, offered=load.get(one.store, 0), bar="refused_before" if one.store == store else one.bar)
        for one in facts.candidates
    )
    return replace(facts, candidates=candidates, ended_offers=facts.ended_offers + 1, by_hand=None)
