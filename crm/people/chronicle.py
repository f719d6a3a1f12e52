"""What was done about a person, for those who work with them: consents, corrections, reveals, merges, by whom and when.

Promises entries without personal data, newest first. Who works for one brand reads what that brand's staff did and what was agreed with it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from crm.database import current
from crm.errors import NotThere
from crm.roles import EVERYTHING, Condition, Scope, numbered

MOST = 200


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing done; `who` is the name of one of us, or None for a machine, which `actor` names."""

    id: int
    at: datetime
    actor: str
    who: str | None
    action: str
    details: dict[str, Any]


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """A merge in force beneath a person: who went, why, and how many observations came with them."""

    id: UUID
    at: datetime
    actor: str
    who: str | None
    reason: str
    survivor: UUID
    loser: UUID
    loser_no: int
    observations: int
    may_be_undone: bool


async def of(person: UUID, scope: Scope) -> list[Entry]:
    """What was done about a surviving person and those merged into them; the caller has checked that the person may be seen."""
    seen = EVERYTHING if scope.brand is None else Condition("details ->> 'brand' = {}", (str(scope.brand),))
    query, values = numbered(_ENTRIES, [seen], person, MOST)
    rows: Sequence[Record] = await current().fetch(query, *values)
    return [Entry(**{**row, "details": msgspec.json.decode(row["details"])}) for row in rows]


async def merges(person: UUID) -> list[Joined]:
    """The merges that made this person what they are, newest first. For the alliance: a merge tells that two brands met somebody."""
    return [Joined(**row) for row in await current().fetch(_MERGES, person)]


async def survivor_of(merge: UUID) -> UUID:
    """Whom a merge in force made part of whom they are today; refuses one that is none, or was undone."""
    found = await current().fetchval(
        """
        select coalesce(person.merged_into, person.id) from merge join person on person.id = merge.survivor
        where merge.id = $1 and undone_at is null
        """,
        merge,
    )
    if found is None:
        raise NotThere
    return UUID(str(found))


# Grain: one row per history entry. $1 survivor, $2 limit. Condition: on the entry.
_ENTRIES = """
select history_entry.id, history_entry.at, actor, staff.name as who, action, details
from (select $1::uuid as id union all select id from person where merged_into = $1) as known_as
join history_entry on subject_kind = 'person' and subject = known_as.id::text
left join staff on actor = 'staff:' || staff.id
where {}
order by history_entry.at desc, history_entry.id desc
limit $2
"""

# Grain: one row per merge in force. $1 survivor. Only a merge whose survivor still stands can be undone next.
_MERGES = """
with recursive beneath as (
    select merge.* from merge where survivor = $1 and undone_at is null
    union all
    select merge.* from merge join beneath on merge.survivor = beneath.loser where merge.undone_at is null
)
select beneath.id, beneath.at, beneath.actor, staff.name as who, beneath.reason, beneath.survivor, beneath.loser,
       person.no as loser_no, (select count(*) from merged_link where merge = beneath.id)::int as observations,
       beneath.survivor = $1 as may_be_undone
from beneath
join person on person.id = beneath.loser
left join staff on beneath.actor = 'staff:' || staff.id
order by beneath.at desc, beneath.id desc
"""
