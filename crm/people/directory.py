"""The directory of people: those met last, or those whom a typed text may mean, page by page.

Promises that what somebody typed stands in an address only sealed, and that each page costs the same however many people there
are. Whom the scope does not reach is not there.
"""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec
from asyncpg import Record

from crm import addresses
from crm.database import current
from crm.paging import Mark
from crm.people import corrections, finding, portraits
from crm.people.portraits import Sketch
from crm.roles import EVERYTHING, Condition, Scope, numbered

PAGE = 50
LOOKED_AT = 5000  # matches of one text, the latest; more than that want a better text
LONGEST = 120
NUMBER = re.compile(r"[pP][- ]?(\d{1,18})")

_PLACE = "list|q|people"

Way = Literal["older", "newer"]


class Listed(msgspec.Struct, frozen=True):
    """One page of people, with the marks of its neighbours where there are any."""

    people: tuple[Sketch, ...]
    newer: Mark | None
    older: Mark | None


def sealed(text: str) -> str:
    """What somebody looks for, as it may stand in an address: readable by us alone."""
    return addresses.sealed(_tidy(text), place=_PLACE)


def opened(text: str | None) -> str:
    """What somebody looked for; a plain text is itself, what we did not seal nothing."""
    return _tidy(addresses.opened(text or "", place=_PLACE) or "")


async def people(scope: Scope, *, text: str = "", mark: Mark | None = None, way: Way = "older") -> Listed:
    """A page of the people whom `text` may mean, else of those met last; `mark` is where the page before ended."""
    if number := NUMBER.fullmatch(text):
        rows = await _numbered(scope, int(number[1]))
    elif text:
        rows = await _found(scope, text, mark=mark, way=way)
    else:
        rows = await _latest(scope, mark=mark, way=way)
    shown = list(rows[:PAGE])
    more = len(rows) > PAGE
    if way == "newer":
        shown.reverse()
    sketches = await portraits.of_many([row["person"] for row in shown], scope)
    first, last = (
        (Mark(shown[0]["moment"], shown[0]["id"]), Mark(shown[-1]["moment"], shown[-1]["id"]))
        if shown
        else (None, None)
    )
    return Listed(
        tuple(sketches.values()),
        newer=first if (more if way == "newer" else mark) else None,
        older=last if (mark if way == "newer" else more) else None,
    )


def _tidy(text: str) -> str:
    return " ".join(text.split())[:LONGEST]


async def _numbered(scope: Scope, number: int) -> Sequence[Record]:
    text = """
    select coalesce(asked.merged_into, asked.id) as person, person.created_at as moment, person.id
    from person as asked join person on person.id = coalesce(asked.merged_into, asked.id)
    where asked.no = $1 and {}
    """
    return await _fetch(text, [scope.of_persons("person")], number)


async def _latest(scope: Scope, *, mark: Mark | None, way: Way) -> Sequence[Record]:
    if scope.of_interests("interest") == EVERYTHING:
        beyond = _beyond("(person.created_at, person.id)", mark, way)
        return await _fetch(_turned(_NEWEST, way), [beyond], PAGE + 1)
    beyond = _beyond("(interest.captured_at, interest.lead)", mark, way)
    conditions = [scope.of_interests("interest"), beyond, scope.of_interests("seen")]
    return await _fetch(_turned(_MET_LAST, way), conditions, PAGE + 1)


async def _found(scope: Scope, text: str, *, mark: Mark | None, way: Way) -> Sequence[Record]:
    beyond = _beyond("(max(hit.captured_at), link.person)", mark, way)
    conditions = [corrections.told(scope), beyond]
    return await _fetch(_turned(_MEANT, way), conditions, PAGE + 1, finding.digests_for(text), LOOKED_AT)


def _beyond(key: str, mark: Mark | None, way: Way) -> Condition:
    if mark is None:
        return EVERYTHING
    return Condition(f"{key} {'<' if way == 'older' else '>'} ({{}}, {{}})", (mark.at, mark.id))


def _turned(statement: str, way: Way) -> str:
    return statement.replace("<way>", "desc" if way == "older" else "asc")


async def _fetch(text: str, conditions: Sequence[Condition], *first: object) -> Sequence[Record]:
    query, values = numbered(text, conditions, *first)
    rows: Sequence[Record] = await current().fetch(query, *values)
    return rows


# Persons as they came to be known. Grain: one row per survivor. $1 limit. Condition: beyond a mark.
_NEWEST = """
select id as person, created_at as moment, id from person
where merged_into is null and {}
order by created_at <way>, id <way>
limit $1
"""

# Persons by the last wish of theirs that may be seen. Grain: one row per survivor. $1 limit.
# Conditions: on interest, beyond a mark, on interest as seen. Streams from the interests' index: a wish counts unless a later one is seen too.
_MET_LAST = """
select link.person, met.captured_at as moment, met.lead as id
from (
    select distinct interest.captured_at, interest.lead from interest
    where {} and {}
    order by interest.captured_at <way>, interest.lead <way>
) as met
join lead on lead.id = met.lead
join link on link.observation = lead.observation and link.closed_at is null
where not exists (
    select from link as again
    join lead as newer on newer.observation = again.observation
    join interest as seen on seen.lead = newer.id
    where again.person = link.person and again.closed_at is null
          and (newer.captured_at, newer.id) > (met.captured_at, met.lead) and {}
)
order by met.captured_at <way>, met.lead <way>
limit $1
"""

# Persons whom a text may mean, by when they said so last. Grain: one row per survivor. $1 limit, $2 match keys, $3 matches looked at.
# Conditions: on observation, beyond a mark.
_MEANT = """
select link.person, max(hit.captured_at) as moment, link.person as id
from (
    select observation, captured_at from search_key where match_key = any($2::bytea[]) order by captured_at desc limit $3
) as hit
join observation on observation.id = hit.observation
join link on link.observation = hit.observation and link.closed_at is null
where {}
group by link.person
having {}
order by moment <way>, id <way>
limit $1
"""
