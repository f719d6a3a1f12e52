"""The leads of one person with the wishes in them and where each was offered, as far as the reader may see.

Promises that what another brand knows is a number and nothing else. Whoever looks at the person has passed the same scope.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

import msgspec
from asyncpg import Record

from crm.database import current, statement
from crm.errors import NotThere
from crm.roles import EVERYTHING, Scope, numbered

MOST = 200


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One interest and the store that has it, or had it last."""

    id: UUID
    brand: int | None
    model: str | None
    kind: str
    stage: str
    hold: str | None
    store: str | None
    store_name: str | None
    state: str | None
    offered_at: datetime | None


class LeadOf(msgspec.Struct, frozen=True, kw_only=True):
    """One lead of the person."""

    id: UUID
    captured_at: datetime
    source_kind: str
    campaign: str | None
    wishes: tuple[Wish, ...]


class LeadsOf(msgspec.Struct, frozen=True):
    """What may be seen, newest first; `others` is how many leads there are beside."""

    person: UUID
    no: int
    leads: tuple[LeadOf, ...]
    others: int


async def show(person: UUID, scope: Scope) -> LeadsOf:
    """The leads of a person, under whatever id they came; refuses a person out of scope as one that does not exist."""
    query, values = numbered(_HEAD, [scope.of_leads("lead"), scope.of_persons("person")], person)
    head = await current().fetchrow(query, *values)
    if head is None:
        raise NotThere
    query, values = numbered(statement("leads", "leads_of_person"), [scope.of_interests("interest")], head["id"], MOST)
    rows: Sequence[Record] = await current().fetch(query, *values)
    leads = tuple(_lead(list(wishes)) for _, wishes in groupby(rows, key=lambda row: row["lead"]))
    bare = await _without_wishes(head["id"]) if scope.of_leads("lead") == EVERYTHING else []
    return LeadsOf(head["id"], head["no"], (*leads, *bare), head["others"])


def _lead(wishes: Sequence[Record]) -> LeadOf:
    first = wishes[0]
    return LeadOf(
        id=first["lead"],
        captured_at=first["captured_at"],
        source_kind=first["source_kind"],
        campaign=first["campaign"],
        wishes=tuple(Wish(**{name: row[name] for name in Wish.__struct_fields__}) for row in wishes),
    )


async def _without_wishes(person: UUID) -> list[LeadOf]:
    rows = await current().fetch(_BARE, person)
    return [LeadOf(**row, wishes=()) for row in rows]


# The person of today with how many of their leads are out of sight. Grain: at most one row. $1 person.
# Conditions: on lead, on person.
_HEAD = """
select person.id, person.no,
       (
           select count(*) from link join lead on lead.observation = link.observation
           where link.person = person.id and link.closed_at is null and not ({})
       )::int as others
from person as asked
join person on person.id = coalesce(asked.merged_into, asked.id)
where asked.id = $1 and {}
"""

# Leads that name no wish at all. Grain: one row per lead. $1 person.
_BARE = """
select lead.id, lead.captured_at, source.kind as source_kind, campaign.name as campaign
from link join lead on lead.observation = link.observation
join source on source.id = lead.source
left join campaign on campaign.id = lead.campaign
where link.person = $1 and link.closed_at is null and not exists (select from interest where interest.lead = lead.id)
order by lead.captured_at desc
"""
