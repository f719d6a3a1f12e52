"""Which leads a change is for, and what it would do to each: ticked ones, or all that a list holds.

Promises that a lead out of the reader's scope is not among them whatever was sent, and that what a preview counts is judged by the same rule
that later decides.
"""

import base64
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from crm.database import current
from crm.errors import Fault, Invalid
from crm.languages import later
from crm.roles import Scope, numbered
from leads import kinds
from leads.bulk.wanted import Known, Wanted
from leads.lists import listing, statements
from leads.lists.query import FILTERS, Query
from leads.lists.statements import all_of
from leads.steering.record import WAITING

MOST = 10_000
BYTES = 16  # of an id
LONGEST_PACKED = (MOST * BYTES + 2) // 3 * 4
# Why nothing is done to a lead; anything else that stands in the way is an error, with the verb's own sentence.
SKIPS = {
    "no_interest": later("Nothing in it is for this store: another brand, or it went too far."),
    "nothing_to_hold": later("Nothing in it could still be held."),
    "store_has_it": later("A store has accepted it."),
    "not_spam": later("It is not held as spam."),
    "has_it": later("It belongs to this campaign already."),
    "shared": later("Another brand works on it as well; the alliance gives such a lead its campaign."),
    "no_open_offer": later("No offer of it waits for an answer."),
}


class Selection(msgspec.Struct, frozen=True):
    """Leads that were chosen and may be seen; `is_more` when there were more than one job takes."""

    leads: tuple[UUID, ...]
    is_more: bool = False


class Effect(msgspec.Struct, frozen=True):
    """What a change would do: how many leads it changes, and how many it leaves alone for which reason (a code of SKIPS)."""

    changed: int
    skipped: dict[str, int]


async def select(scope: Scope, *, at: datetime, leads: Sequence[UUID] = (), query: str | None = None) -> Selection:
    """The ticked leads, or with a query all that its list holds, the newest first; none when one of its filters cannot be used."""
    if query is None:
        return await _seen(sorted(set(leads))[: MOST + 1], scope)
    filters, look = await listing.narrowed(Query.parse(query), scope=scope, at=at)
    if any(chip.fault and chip.field in ("view", *FILTERS) for chip in (*filters.chips, *look.chips)):
        # A list shows such a filter beside what it lists; to change all of that instead of a few is never meant.
        return Selection(())
    await statements.steady()
    text, values = statements.ids(filters, most=MOST + 1)
    found = [row["lead"] for row in await current().fetch(text, *values)]
    return Selection(tuple(found[:MOST]), is_more=len(found) > MOST)


def packed(leads: Sequence[UUID]) -> str:
    """These leads as a form carries them from a preview to the job: what was shown is what is changed."""
    return base64.urlsafe_b64encode(b"".join(lead.bytes for lead in leads)).decode()


def unpacked(text: str) -> list[UUID]:
    """The leads that a form carries; refuses what no preview wrote."""
    try:
        sent = base64.b64decode(text, altchars=b"-_", validate=True)
        return [UUID(bytes=sent[place : place + BYTES]) for place in range(0, len(sent), BYTES)]
    except ValueError:
        raise Invalid(errors=[Fault(path="lead", message="Choose the leads first.")]) from None


async def effect(wanted: Wanted, known: Known, leads: Sequence[UUID], *, scope: Scope) -> Effect:
    """What the change would do to these leads now."""
    judged = Counter(skip(wanted, known, row) for row in await facts(leads, scope))
    changed = judged.pop(None, 0)
    return Effect(changed, {code: count for code, count in judged.most_common() if code})


async def facts(leads: Sequence[UUID], scope: Scope) -> list[Record]:
    """What decides whether something is to be done: of each lead that may be seen, what is true of its interests that may be."""
    conditions = [all_of([scope.of_interests()]), all_of([scope.of_leads()])]
    query, values = numbered(_FACTS, conditions, list(leads), list(WAITING), kinds.RANKS["deposit"])
    rows: list[Record] = await current().fetch(query, *values)
    return rows


def skip(wanted: Wanted, known: Known, row: Record) -> str | None:
    """Why nothing is to be done to this lead, by its facts; None when something is."""
    if wanted.kind == "offer":
        sold = known.store.brands if known.store else ()
        return None if any(brand in sold for brand in row["brands"]) else "no_interest"
    if wanted.kind == "hold":
        return "store_has_it" if row["accepted"] else None if row["holdable"] else "nothing_to_hold"
    if wanted.kind == "release":
        return None if row["spam"] else "not_spam"
    if wanted.kind == "withdraw":
        return None if row["offered"] else "no_open_offer"
    if wanted.kind == "campaign":
        return "has_it" if row["campaign"] == known.campaign else "shared" if row["others"] else None
    return None


async def _seen(leads: Sequence[UUID], scope: Scope) -> Selection:
    query, values = numbered(
        "select id from lead where id = any($1::uuid[]) and {} order by captured_at desc, id desc",
        [scope.of_leads()],
        list(leads),
    )
    found = [row["id"] for row in await current().fetch(query, *values)]
    return Selection(tuple(found[:MOST]), is_more=len(found) > MOST)


# What decides on leads. Grain: one row per lead that may be seen. $1 leads, $2 stages that wait, $3 the rank of a contract.
# The first condition is what may be seen of interests, the second of leads.
_FACTS = """
select lead.id, lead.campaign, seen.spam, seen.holdable, seen.accepted, seen.offered, seen.brands,
       (select count(*) from interest as every where every.lead = lead.id) - seen.total as others
from unnest($1::uuid[]) as asked (lead)
join lead on lead.id = asked.lead
join lateral (
    select count(*) as total,
           count(*) filter (where interest.hold = 'spam') as spam,
           count(*) filter (where interest.hold is distinct from 'spam' and interest.stage = any($2 || array['offered'])) as holdable,
           count(*) filter (where state.accepted) as accepted,
           count(*) filter (where state.offered) as offered,
           coalesce(array_agg(interest.brand) filter (
               where interest.hold is distinct from 'spam' and stage.rank < $3 and interest.brand is not null), '{{}}') as brands
    from interest
    join stage on stage.code = interest.stage
    left join lateral (
        select bool_or(offer.state = 'accepted') as accepted, bool_or(offer.state = 'offered') as offered
        from offer where offer.interest = interest.id
    ) as state on true
    where interest.lead = lead.id and {}
) as seen on true
where {}
"""
