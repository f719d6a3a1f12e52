"""An import undone: exactly what it made goes, and nothing that others made.

Gone are its submissions (so that the file can come again), leads, interests, links and keys, and persons who are nobody without it; open offers
are taken back and their dealers told, capacity and fairness are given back, touchpoints and milestones retracted, merges that the machine made
because of it parted. Promises that each batch is whole or not there, and that any worker can go on with it. What a store accepted or people of
ours worked on stays and is listed as kept, with the reason; so does a guest who was told, whose place is cancelled instead. Ledgers (consents,
receipts, sharing, a dealer's feed) keep their rows and count no more.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record

from campaigns import registering, touchpoints
from crm import history, people
from crm.database import current, lock_stripes, notify, statement, transaction
from crm.errors import NotThere, Refused
from crm.network import local_day
from crm.people import retraction
from crm.work import MOST_ATTEMPTS
from leads import feed, offers
from leads.imports.rows import MADE
from leads.offers import PERSON_LOCKS

BATCH = 200
GUESTS_AT_ONCE = 50
MERGES_AT_ONCE = 20
REASON = "import_undone"
UNDOABLE = ("done", "cancelled", "failed")
TOLD = "The guest had been written to: the place is cancelled, and they are told so."
KEPT = {
    "accepted": "A store accepted it.",
    "merged": "Somebody merged this person with another.",
    "worked": "Somebody worked on it: a note, a task or a change.",
    "steered": "Somebody steered it: an offer by hand, the alliance queue, a re-check or a mark of spam.",
    "person_worked": "Somebody noted something about this person or recorded a consent.",
    "attended": "The guest was there.",
    "told": TOLD,
}


class CannotUndo(Refused):
    sentence = "This import cannot be undone now: it is at work, or was undone already."


class NetworkStays(Refused):
    sentence = (
        "An import of stores cannot be undone: receipts and offers stand on the network that it made. "
        "Import the former file; every store of it goes back, and the ranges in between stay as history."
    )


class Left(NamedTuple):
    """How far an undo has come: leads or guests done, in all, and how many of them the last step did."""

    done: int
    total: int
    moved: int


class Undone(NamedTuple):
    """What became of the leads or guests of an undone import."""

    undone: int
    kept: dict[str, int]


async def ask(import_id: UUID, *, actor: str, at: datetime) -> None:
    """Begin to undo an import, in the caller's transaction; refuses one that runs, was undone, or brought in stores."""
    row = await current().fetchrow("select subject, state from import where id = $1 for update", import_id)
    if row is None:
        raise NotThere
    if row["subject"] == "stores":
        raise NetworkStays
    if row["state"] not in UNDOABLE:
        raise CannotUndo(state=row["state"])
    await current().execute("update import set state = 'undoing' where id = $1", import_id)
    # What still waits to be routed would be offered only to be taken back.
    await current().execute(_PAUSE, import_id)
    await history.note(actor, "import_undo_asked", "import", import_id, at=at)
    await notify(history.CHANGES)


async def preview(import_id: UUID) -> Undone:
    """What an undo would do now: how many leads would go, and how many would stay for which reason."""
    row = await current().fetchrow("select started_at from import where id = $1", import_id)
    if row is None:
        raise NotThere
    made = [one["observation"] for one in await current().fetch(_ALL, import_id, MADE)]
    kept = Counter(KEPT[one["why"]] for one in await _kept(made, import_id=import_id, began=row["started_at"]))
    return Undone(len(made) - kept.total(), dict(kept))


async def advance(import_id: UUID, *, at: datetime) -> Left | None:
    """Take the next batch back, in a transaction of its own; None when there is nothing left to do or another worker is at it."""
    if moved := await _let_places_go(import_id, at=at):
        async with transaction():
            return await _left(import_id, moved=moved)
    async with transaction(), feed.gathered():
        found = await current().fetchrow(_CLAIM, import_id)
        if found is None:
            return None
        if moved := await _part(import_id, began=found["started_at"], at=at):
            return await _left(import_id, moved=moved)
        rows = await current().fetch(_NEXT, import_id, BATCH, MADE)
        if not rows:
            await _finish(import_id, at=at)
            return None
        moved = await _take_back([row["observation"] for row in rows], found, at=at)
        return await _left(import_id, moved=moved)


async def resume(import_id: UUID, *, at: datetime) -> None:
    """Let what an undo left alone go on waiting where it stood, for one that broke off before its end."""
    left = [row["observation"] for row in await current().fetch(_ALL, import_id, MADE)]
    await current().execute(_RESUME, left, at, MOST_ATTEMPTS)


async def is_going(import_id: UUID) -> bool:
    """Whether something is left to undo, for whoever waits for the end."""
    going: bool = await current().fetchval("select state = 'undoing' from import where id = $1", import_id)
    return going


async def outcome(import_id: UUID) -> Undone:
    """How many leads of an import are gone, and how many stay for which reason."""
    rows = await current().fetch(_OUTCOME, import_id)
    kept = {row["reason"]: row["count"] for row in rows if row["fate"] == "kept"}
    return Undone(sum(row["count"] for row in rows if row["fate"] == "undone"), kept)


async def _let_places_go(import_id: UUID, *, at: datetime) -> int:
    """Guests let go of the places that the import gave them, one by one as everybody cancels; says how many got their fate or did so."""
    async with transaction():
        found = await current().fetchrow(_CLAIM, import_id)
        standing = await current().fetch(_STANDING, import_id, MADE, GUESTS_AT_ONCE) if found else []
    for moved, guest in enumerate(standing):
        async with transaction():
            found = await current().fetchrow(_CLAIM, import_id)
            if found is None:
                return moved
            await _let_go(guest["id"], guest["observation"], import_id=import_id, began=found["started_at"], at=at)
    return len(standing)


async def _let_go(guest: UUID, observation: UUID, *, import_id: UUID, began: datetime, at: datetime) -> None:
    kept = await _kept([observation], import_id=import_id, began=began)
    if not kept:
        await registering.unregister(guest, at=at)
        return
    if kept[0]["why"] == "told":
        await registering.cancel_registration(guest, at=at)
    await _mark(import_id, {observation: kept[0]["why"]})


async def _part(import_id: UUID, *, began: datetime, at: datetime) -> int:
    """Take apart whom the machine merged because of the import, before anything else goes; says how many merges."""
    if not await current().fetchval(_ANY_MERGE, people.MACHINE, began):
        return 0
    made = [row["observation"] for row in await current().fetch(_ALL, import_id, MADE)]
    kept = await _kept(made, import_id=import_id, began=began)
    staying = {row["survivor"] for row in kept}
    actor = f"import {import_id}"
    return await retraction.part_merges(import_id, kept=staying, actor=actor, at=at, limit=MERGES_AT_ONCE)


async def _take_back(observations: Sequence[UUID], found: Record, *, at: datetime) -> int:
    """One batch; says how many leads got their fate. Those that a worker holds this moment wait for the next turn."""
    import_id = found["id"]
    await retraction.hold_still(observations)
    persons = await current().fetch(_PERSONS, observations)
    await lock_stripes(PERSON_LOCKS, (str(row["person"]) for row in persons))
    await current().fetch(_LOCK_LEADS, observations)
    made = await current().fetch(statement("leads", "undo_offers"), observations)
    kept = {
        row["observation"]: row["why"]
        for row in await _kept(observations, import_id=import_id, began=found["started_at"])
    }
    free = await _free([one for one in observations if one not in kept])
    gone = sorted(free)
    await _give_back([offer for offer in made if offer["observation"] in free], at=at)
    await _remove_leads(gone, [interest for one in gone for interest in free[one]], import_id=import_id, at=at)
    await registering.erase(gone)
    await retraction.take_back(gone, at=at)
    await _mark(import_id, kept)
    await current().execute(_RESUME, list(kept), at, MOST_ATTEMPTS)
    return len(gone) + len(kept)


async def _free(observations: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The observations whose every interest could be locked, with their interests."""
    asked = await current().fetch(_INTERESTS, observations)
    held = {row["id"] for row in await current().fetch(statement("leads", "undo_interests"), observations)}
    busy = {row["observation"] for row in asked if row["id"] not in held}
    free: dict[UUID, list[UUID]] = {one: [] for one in observations if one not in busy}
    for row in asked:
        if row["observation"] in free:
            free[row["observation"]].append(row["id"])
    return free


async def _give_back(made: Sequence[Record], *, at: datetime) -> None:
    """Open offers come back from their dealers, and no store's day counts an offer that never should have been."""
    await offers.withdraw([offer["id"] for offer in made if offer["state"] == "offered"], reason=REASON, at=at)
    await _give_back_days(Counter((local_day(offer["offered_at"]), offer["store"]) for offer in made))


async def _give_back_days(days: Mapping[tuple[date, int], int]) -> None:
    ordered = sorted(days)
    columns = [on for on, _ in ordered], [store for _, store in ordered]
    # Locked in one order before any is written: routing locks the days of its stores in that order too.
    await current().fetch(_LOCK_DAYS, *columns)
    await current().execute(_LOWER_DAYS, *columns, [days[day] for day in ordered])


async def _remove_leads(
    observations: Sequence[UUID], interests: Sequence[UUID], *, import_id: UUID, at: datetime
) -> None:
    moves = await current().fetch(statement("leads", "undo_credits"), interests)
    turned = [[row[column] for row in moves] for column in ("pool_key", "store", "move")]
    await current().execute(statement("leads", "add_credits"), *turned)
    await touchpoints.retract_told(observations=observations, interests=interests, at=at)
    await current().execute(statement("leads", "undo_tombstones"), interests, import_id)
    await current().execute(_FORGET_ROWS, observations, MADE)
    for deletion in _OF_INTERESTS:
        await current().execute(deletion, interests)
    for deletion in _OF_LEADS:
        await current().execute(deletion, observations)


async def _mark(import_id: UUID, kept: Mapping[UUID, str]) -> None:
    await current().execute(_MARK_KEPT, import_id, list(kept), [KEPT[why] for why in kept.values()], MADE)


async def _kept(observations: Collection[UUID], *, import_id: UUID, began: datetime) -> list[Any]:
    rows: list[Any] = await current().fetch(
        statement("leads", "undo_kept"), list(observations), import_id, began, people.MACHINE
    )
    return rows


async def _left(import_id: UUID, *, moved: int) -> Left:
    [row] = await current().fetch(_PROGRESS, import_id, MADE)
    return Left(row["done"], row["total"], moved)


async def _finish(import_id: UUID, *, at: datetime) -> None:
    await current().execute("update import set state = 'undone', undone_at = $2 where id = $1", import_id, at)
    found = await outcome(import_id)
    await history.note(
        "system", "import_undone", "import", import_id, at=at, undone=found.undone, kept=sum(found.kept.values())
    )


_CLAIM = "select id, started_at from import where id = $1 and state = 'undoing' for update skip locked"
_NEXT = "select observation from import_row where import_id = $1 and fate = any($3) order by row_no limit $2"
_ALL = "select observation from import_row where import_id = $1 and fate = any($2)"
# Guests who still have a place or wait for one, those who came last first: nobody is moved up into a place that goes as well.
_STANDING = """
select registration.id, registration.observation
from import_row join registration on registration.observation = import_row.observation
where import_row.import_id = $1 and import_row.fate = any($2) and registration.state <> 'cancelled'
order by import_row.row_no desc limit $3
"""
_ANY_MERGE = "select exists (select from merge where actor = $1 and undone_at is null and at >= $2)"
_PERSONS = """
select distinct coalesce(person.merged_into, person.id) as person
from lead join person on person.id = lead.person where lead.observation = any($1::uuid[])
"""
_LOCK_LEADS = "select id from lead where observation = any($1::uuid[]) order by id for update"
_INTERESTS = """
select interest.id, lead.observation from lead join interest on interest.lead = lead.id
where lead.observation = any($1::uuid[])
"""
_LOCK_DAYS = """
select id from store_day
where (on_date, store) in (select * from unnest($1::date[], $2::int[])) order by on_date, store for update
"""
_LOWER_DAYS = """
update store_day set offered = greatest(offered - given.taken, 0)
from unnest($1::date[], $2::int[], $3::int[]) as given (on_date, store, taken)
where store_day.on_date = given.on_date and store_day.store = given.store
"""
_FORGET_ROWS = """
update import_row set observation = null, fate = case when fate = any($2) then 'undone' else fate end
where observation = any($1::uuid[])
"""
_OF_INTERESTS = (
    "delete from alliance_task where interest = any($1::uuid[])",
    "delete from recheck where interest = any($1::uuid[])",
    "delete from interest where id = any($1::uuid[])",
)
_OF_LEADS = (
    "delete from trade_in using lead where lead.id = trade_in.lead and lead.observation = any($1::uuid[])",
    "delete from submission using lead where lead.id = submission.lead and lead.observation = any($1::uuid[])",
    "delete from lead where observation = any($1::uuid[])",
)
_PAUSE = """
update interest set due_at = null
where id in (
    select interest.id
    from observation join lead on lead.observation = observation.id join interest on interest.lead = lead.id
    where observation.import_id = $1 and interest.due_at is not null
    for update of interest skip locked
)
"""
# What was put off after a failure of ours, or until another day's capacity, was paused as well; what was set aside stays so.
_RESUME = """
update interest set due_at = $2
from lead
where lead.id = interest.lead and lead.observation = any($1::uuid[]) and interest.due_at is null and interest.attempts < $3
      and (interest.hold is null or interest.hold = 'no_capacity') and interest.stage in ('identified', 'cleared')
"""
_MARK_KEPT = """
update import_row set fate = 'kept', reason = given.reason
from unnest($2::uuid[], $3::text[]) as given (observation, reason)
where import_row.import_id = $1 and import_row.observation = given.observation and import_row.fate = any($4)
"""
_PROGRESS = """
select count(*) filter (where fate in ('undone', 'kept')) as done,
       count(*) filter (where fate in ('undone', 'kept') or fate = any($2)) as total
from import_row where import_id = $1
"""
_OUTCOME = """
select fate, reason, count(*) from import_row where import_id = $1 and fate in ('undone', 'kept') group by fate, reason
"""
