"""Places that are scarce and the line before them: an event with its registrations, a slot with its bookings, by one rule.

Promises, under any number of hands, that never more hold a place than there are, that who waits is numbered without gaps, and that a free
place goes to the first in line, once. The row of the event or slot is the lock. Everybody locks in one order: an
event, its slots in their order, registrations, bookings; before all of them, whoever changes one registration alone (`alone`).
An entry that joins another (the same person's second form) is counted like everybody's: else the last place would tell who is here already.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record

from campaigns.registering.shapes import Place, State
from crm.database import current, lock_stripes
from crm.errors import NotThere, Refused

BATCH = 200
REGISTRATION_LOCKS = 14


class FewerThanTaken(Refused):
    sentence = "{taken} places are taken: choose {taken} or more, or cancel some first."


class Kind(NamedTuple):
    """What is scarce, which of its columns says how much of it there is, and the table of those who hold it or wait."""

    scarce: str
    places: str
    entries: str


EVENT = Kind("event", "capacity", "registration")
SLOT = Kind("slot", "places", "booking")


class Line(msgspec.Struct, frozen=True):
    """A scarce thing, locked until the transaction ends. Nobody is moved up from `until` on; with `offer_minutes` a place is offered first."""

    kind: Kind
    id: int
    places: int | None
    taken: int
    until: datetime | None
    offer_minutes: int | None

    @property
    def has_room(self) -> bool:
        """Whether a place is free."""
        return self.places is None or self.taken < self.places


class Moved(NamedTuple):
    """Those who were moved up, and what they are now."""

    entries: list[UUID]
    state: State


async def lock(kind: Kind, number: int) -> Line:
    """Whoever else wants a place here waits from now on."""
    row = await current().fetchrow(_LOCK[kind.scarce], number)
    if row is None:
        raise NotThere
    return Line(kind, *row.values())


async def alone(registration: UUID) -> None:
    """Whoever else changes this registration or its bookings waits from now on; taken before any event, slot or row."""
    await lock_stripes(REGISTRATION_LOCKS, [str(registration)])


async def is_unlimited(event: int) -> bool:
    """Whether an event counts no places; it stays so while this transaction runs, and nobody has to wait for anybody."""
    if await current().fetchval("select capacity from event where id = $1", event) is not None:
        return False
    unlimited: bool = await current().fetchval("select capacity is null from event where id = $1 for share", event)
    return unlimited


async def take(line: Line) -> Place:
    """A place, or the end of the line."""
    if line.has_room:
        await _count(line, 1)
        return Place("confirmed")
    number = await current().fetchval(
        f"update {line.kind.scarce} set waited = waited + 1 where id = $1 returning waited", line.id
    )
    return Place("waiting", number, await ahead(line.kind, line.id, number) + 1)


async def ahead(kind: Kind, number: int, place: int) -> int:
    """How many wait there before this place in the order."""
    count: int = await current().fetchval(
        f"select count(*) from {kind.entries} where {kind.scarce} = $1 and state = 'waiting' and position < $2",
        number,
        place,
    )
    return count


async def give_back(line: Line, *, places: int, at: datetime) -> Moved:
    """These places are free again, and go to the first in line."""
    await _count(line, -places)
    return await fill(msgspec.structs.replace(line, taken=line.taken - places), at=at)


async def resize(line: Line, places: int | None, *, at: datetime) -> Moved:
    """There are so many places from now on; refuses fewer than are taken."""
    if places is not None and places < line.taken:
        raise FewerThanTaken(taken=line.taken)
    taken = line.taken
    if line.places is None and places is not None:
        taken = await _holders(line)
        if places < taken:
            raise FewerThanTaken(taken=taken)
    await current().execute(
        f"update {line.kind.scarce} set {line.kind.places} = $2, taken = $3 where id = $1",
        line.id,
        places,
        0 if places is None else taken,
    )
    return await fill(msgspec.structs.replace(line, places=places, taken=taken), at=at)


async def fill(line: Line, *, at: datetime) -> Moved:
    """Free places go to those who wait, in their order: as an offer that ends, where the event says so, else for good."""
    state: State = "confirmed" if line.offer_minutes is None else "offered"
    moved: list[UUID] = []
    if line.until is not None and at >= line.until:
        return Moved(moved, state)
    free = BATCH if line.places is None else line.places - line.taken
    while free > 0 and (first := await _first(line, limit=min(free, BATCH))):
        ids = [row["id"] for row in first]
        await _move_up(line, ids, state, at=at)
        await _count(line, len(ids))
        moved += ids
        free -= len(ids) if line.places is not None else 0
    return Moved(moved, state)


async def leave(line: Line, entry: Record, *, at: datetime) -> Moved:
    """An entry that is cancelled lets go of what it held, for the first in line; a form of the same person that joined it stands alone."""
    await _let_go_of_joined(line, entry["id"])
    if entry["state"] == "waiting":
        return Moved([], "confirmed")
    return await give_back(line, places=1, at=at)


async def lead(kind: Kind, entry: UUID, *, joined: UUID) -> None:
    """Of two forms of one person `entry` is the one that holds a place: those that stood behind `joined`, and that one, join it."""
    await current().execute(
        f"update {kind.entries} set joins = $1 where id <> $1 and (id = $2 or joins = $2) and state <> 'cancelled'",
        entry,
        joined,
    )


async def holds(kind: Kind, entry: UUID) -> bool:
    """Whether an entry holds a place, or one is kept for it."""
    state: State = await current().fetchval(f"select state from {kind.entries} where id = $1", entry)
    return state in ("confirmed", "offered")


async def goes_before(kind: Kind, state: State, joined: UUID) -> bool:
    """Whether a form that stands so is before the earlier one of the same person: it has a place, and the other holds none."""
    return state == "confirmed" and not await holds(kind, joined)


async def stand_alone(kind: Kind, number: int) -> int:
    """Entries that joined one which is another person's by now join none; their places were always counted. Says how many."""
    rows = await current().fetch(_APART[kind.scarce], number)
    await current().execute(
        f"update {kind.entries} set joins = null, version = version + 1 where id = any($1::uuid[])",
        sorted(row["id"] for row in rows),
    )
    return len(rows)


async def _let_go_of_joined(line: Line, entry: UUID) -> None:
    heir = await current().fetchval(_HEIR[line.kind.scarce], entry)
    if heir is not None:
        entries = line.kind.entries
        await current().execute(f"update {entries} set joins = nullif($1, id) where joins = $2", heir, entry)


async def _holders(line: Line) -> int:
    """How many hold a place where none were counted until now."""
    count: int = await current().fetchval(
        f"""
        select count(*) from {line.kind.entries}
        where {line.kind.scarce} = $1 and state in ('confirmed', 'offered')
        """,
        line.id,
    )
    return count


async def _first(line: Line, *, limit: int) -> Sequence[Record]:
    rows: Sequence[Record] = await current().fetch(
        f"""
        select id from {line.kind.entries} where {line.kind.scarce} = $1 and state = 'waiting'
        order by position limit $2 for no key update
        """,
        line.id,
        limit,
    )
    return rows


async def _move_up(line: Line, entries: Sequence[UUID], state: State, *, at: datetime) -> None:
    until = None if line.offer_minutes is None else _ends(line, line.offer_minutes, at=at)
    await current().execute(
        f"""
        update {line.kind.entries} set state = $2, offer_until = $3, confirmed_at = $4, version = version + 1
        where id = any($1::uuid[])
        """,
        list(entries),
        state,
        until,
        at if state == "confirmed" else None,
    )


def _ends(line: Line, minutes: int, *, at: datetime) -> datetime:
    ends = at + timedelta(minutes=minutes)
    return ends if line.until is None else min(ends, line.until)


async def _count(line: Line, change: int) -> None:
    if change and line.places is not None:
        await current().execute(f"update {line.kind.scarce} set taken = taken + $2 where id = $1", line.id, change)


# No key is updated: whoever has written a row that names the event or slot must be able to lock it without waiting for the others who did.
_LOCK = {
    "event": """
select event.id, capacity, taken,
       coalesce(event.starts_at, (coalesce(event.ends_on, event.starts_on) + 1)::timestamp at time zone campaign.time_zone),
       offer_minutes
from event join campaign on campaign.id = event.campaign where event.id = $1 for no key update of event
""",
    "slot": """
select slot.id, places, slot.taken, slot.starts_at, offer_minutes
from slot join event on event.id = slot.event where slot.id = $1 for no key update of slot
""",
}
# The registration by which the person of an entry is known.
_OF = {"event": "{0}", "slot": "(select registration from booking where booking.id = {0})"}
_PERSON_OF = """
(select link.person from registration join link on link.observation = registration.observation and link.closed_at is null
 where registration.id = {0})
"""


def _person(kind: Kind, entry: str) -> str:
    return _PERSON_OF.format(_OF[kind.scarce].format(entry))


# Of those that joined an entry and are the same person's still, one that holds a place before one that waits. $1 entry.
_HEIR = {
    kind.scarce: f"""
select mine.id from {kind.entries} as mine
where mine.joins = $1 and mine.state <> 'cancelled' and {_person(kind, "mine.id")} = {_person(kind, "mine.joins")}
order by mine.state = 'waiting', mine.id limit 1
for no key update of mine
"""
    for kind in (EVENT, SLOT)
}
# Entries that joined one of somebody who is another person by now. $1 event or slot.
_APART = {
    kind.scarce: f"""
select mine.id from {kind.entries} as mine
where mine.{kind.scarce} = $1 and mine.joins is not null and {_person(kind, "mine.id")} <> {_person(kind, "mine.joins")}
order by mine.id for no key update of mine
"""
    for kind in (EVENT, SLOT)
}
