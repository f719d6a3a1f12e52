"""An interest that somebody of ours takes in hand: found in their scope, with its person, and held still while they act.

Promises the journey's own order of locks (the person, then offers, then interests), so that people and workers never wait for each other in
a circle. Refuses what is out of scope as what does not exist, and an interest that a worker decides on this very moment.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec
from asyncpg import Record

from crm.database import current, lock_stripes, statement
from crm.errors import NotThere, Refused
from crm.roles import Scope, numbered
from leads import kinds
from leads.journey import NETWORK_LOCK, PERSON_LOCKS, Due

CONTRACT = kinds.RANKS["deposit"]


class BeingDecided(Refused):
    sentence = "The house is deciding on this interest at this moment; please try again."


class BeyondSteering(Refused):
    sentence = "This interest is already at {stage}; it stays where it is."


class InHand(msgspec.Struct, frozen=True):
    """An interest held still: what routing knows of it, where it stands, and the offers that dealers have in hand for it."""

    due: Due
    stage: str
    hold: str | None
    offers: tuple[Record, ...]


async def take_in_hand(interest: UUID, *, scope: Scope) -> InHand:
    """Hold an interest, its person and its open offers still until the transaction ends; refuses what has come too far."""
    person = await _person_of(interest, scope=scope)
    await lock_stripes(PERSON_LOCKS, [str(person)])
    await current().execute("select pg_advisory_xact_lock_shared($1, 0)", NETWORK_LOCK)
    offers = await current().fetch(_OPEN_OFFERS, interest)
    [row] = await hold_still([interest])
    due = Due(*(await current().fetch(statement("leads", "due_interests"), [interest]))[0].values())
    if due.person != person:
        raise BeingDecided  # merged between the two looks
    if kinds.RANKS[row["stage"]] >= CONTRACT:
        raise BeyondSteering(stage=row["stage"])
    return InHand(due, row["stage"], row["hold"], tuple(offers))


async def hold_still(interests: Collection[UUID]) -> Sequence[Record]:
    """Lock these interests. A worker that has one waits for its person, whom we hold: to wait for it in turn would be a deadlock."""
    rows: Sequence[Record] = await current().fetch(
        "select id, lead, stage, hold, brand from interest where id = any($1::uuid[]) order by id for update skip locked",
        sorted(interests),
    )
    if len(rows) < len(interests):
        raise BeingDecided
    return rows


async def lock_person_of_lead(lead: UUID) -> None:
    """Keep workers from deciding on what this lead's person wants until the transaction ends."""
    person = await current().fetchval(
        "select coalesce(merged_into, person.id) from lead join person on person.id = lead.person where lead.id = $1",
        lead,
    )
    await lock_stripes(PERSON_LOCKS, [str(person)])


async def need_lead(lead: UUID, *, scope: Scope) -> None:
    """Refuse a lead that may not be seen as one that does not exist."""
    query, values = numbered("select lead.id from lead where lead.id = $1 and {}", [scope.of_leads()], lead)
    if await current().fetchval(query, *values) is None:
        raise NotThere


async def need_interest(interest: UUID, *, lead: UUID, scope: Scope) -> None:
    """Refuse an interest that is another lead's or may not be seen as one that does not exist."""
    text = "select interest.id from interest where interest.id = $1 and interest.lead = $2 and {}"
    query, values = numbered(text, [scope.of_interests()], interest, lead)
    if await current().fetchval(query, *values) is None:
        raise NotThere


async def _person_of(interest: UUID, *, scope: Scope) -> UUID:
    query, values = numbered(_PERSON, [scope.of_interests()], interest)
    person: UUID | None = await current().fetchval(query, *values)
    if person is None:
        raise NotThere
    return person


_PERSON = """
select coalesce(person.merged_into, person.id)
from interest join lead on lead.id = interest.lead join person on person.id = lead.person
where interest.id = $1 and {}
"""

# Offers that dealers have in hand for an interest, its own or the one it joined, locked. Grain: one row per offer. $1 interest.
_OPEN_OFFERS = """
select id, store, state from offer
where state in ('offered', 'accepted')
      and (interest = $1 or id = (select joined from interest where interest.id = $1))
order by id
for update
"""
