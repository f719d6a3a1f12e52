"""Lost interests that people check again: a small sample of every brand, drawn each day, confirmed or reopened.

Promises that an interest is drawn once, that each brand with losses has at least one of them looked at, and that a reopened interest goes to
another store than the one that lost it. Refuses a second answer, and to take back a reopening once another store accepted.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from asyncpg import Record

from crm import history, vault
from crm.database import current, insert, notify, transaction
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.ids import uuid7
from crm.network import LOCAL
from crm.roles import Scope, numbered
from crm.work import Job
from leads import feed, offers
from leads.steering.standing import hold_still, lock_person_of_lead
from leads.tables import Recheck

SHARE = 0.05
LONGEST = 400
FIRST_LOOK = timedelta(days=30)  # how far back the very first draw looks
READER = "rechecks"


class AnsweredAlready(Refused):
    sentence = "Somebody has answered this already."


class AnotherStoreHasIt(Refused):
    sentence = "Another store has accepted it since; take that offer back first."


class MovedOn(Refused):
    sentence = "This interest is no longer lost; nothing was changed."


async def draw(at: datetime) -> int:
    """Once a day, draw from what was lost since the draw before until last midnight; says how many."""
    midnight = at.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
    async with transaction():
        last = await current().fetchval("select change from change_reader where name = $1", READER)
        if last is not None and last >= _seconds(midnight):
            return 0
        await current().execute(
            "insert into change_reader (name, xid, change) values ($1, 0, 0) on conflict do nothing", READER
        )
        # Locked until the draw is written: another worker comes here, waits, and finds it done.
        last = await current().fetchval("select change from change_reader where name = $1 for update", READER)
        if last >= _seconds(midnight):
            return 0
        since = datetime.fromtimestamp(last, UTC) if last else midnight - FIRST_LOOK
        rows = await current().fetch(_SAMPLE, since, midnight, SHARE)
        await insert([_drawn(row, at=at) for row in rows])
        await current().execute("update change_reader set change = $2 where name = $1", READER, _seconds(midnight))
    return len(rows)


JOB = Job("rechecks", draw)


async def confirm(recheck: UUID, *, note: str | None, scope: Scope, at: datetime) -> None:
    """It is lost indeed."""
    row = await _asked(recheck, scope=scope)
    await _answer(recheck, "confirmed", note=note, scope=scope, at=at)
    await history.note(scope.actor.actor, "recheck_confirmed", "interest", row["interest"], at=at)


async def reopen(recheck: UUID, *, note: str | None, scope: Scope, at: datetime) -> None:
    """It was given up too soon: the store that lost it is told that it is over, and the interest is due for another one."""
    await _lock_person(recheck, scope=scope)
    row = await _asked(recheck, scope=scope)
    async with feed.gathered():
        [interest] = await hold_still([row["interest"]])
        if interest["stage"] != "lost":
            raise MovedOn
        await offers.withdraw(await _offers_of(row["interest"]), reason="reopened", at=at)
        await current().execute(
            "update interest set stage = 'cleared', hold = null, joined = null, due_at = $2, attempts = 0 where id = $1",
            row["interest"],
            at,
        )
        await _answer(recheck, "reopened", note=note, scope=scope, at=at)
    await history.note(scope.actor.actor, "recheck_reopened", "interest", row["interest"], at=at)
    await notify(history.CHANGES)


async def take_back(recheck: UUID, *, scope: Scope, at: datetime) -> None:
    """The answer was a mistake: it waits again. What was reopened is lost again, unless a store accepted it meanwhile."""
    await _lock_person(recheck, scope=scope)
    row = await _found(recheck, scope=scope)
    if row["answer"] == "reopened":
        async with feed.gathered():
            await _lose_again(row, scope=scope, at=at)
    await current().execute(
        "update recheck set answer = null, answered_by = null, answered_at = null, note = null where id = $1", recheck
    )
    await history.note(scope.actor.actor, "recheck_taken_back", "interest", row["interest"], at=at)


async def _lose_again(row: Record, *, scope: Scope, at: datetime) -> None:
    await hold_still([row["interest"]])
    open_now = await current().fetch(_OPEN_OFFERS, row["interest"])
    if any(one["state"] == "accepted" for one in open_now):
        raise AnotherStoreHasIt
    await offers.withdraw([one["id"] for one in open_now if one["is_own"]], reason="taken_back", at=at)
    await current().execute(
        "update interest set stage = 'lost', hold = null, joined = null, due_at = null where id = $1", row["interest"]
    )
    await current().execute(
        "update alliance_task set closed_at = $2, closed_by = $3 where interest = $1 and closed_at is null",
        row["interest"],
        at,
        scope.actor.actor,
    )


async def _lock_person(recheck: UUID, *, scope: Scope) -> None:
    # The person before the question, as an import that is undone takes them.
    query, values = numbered(_LEAD, [scope.of_interests()], recheck)
    lead = await current().fetchval(query, *values)
    if lead is None:
        raise NotThere
    await lock_person_of_lead(lead)


async def _asked(recheck: UUID, *, scope: Scope) -> Record:
    row = await _found(recheck, scope=scope)
    if row["answer"] is not None:
        raise AnsweredAlready
    return row


async def _found(recheck: UUID, *, scope: Scope) -> Record:
    query, values = numbered(_FOUND, [scope.of_interests()], recheck)
    row = await current().fetchrow(query, *values)
    if row is None:
        raise NotThere
    return row


async def _answer(recheck: UUID, answer: str, *, note: str | None, scope: Scope, at: datetime) -> None:
    said = (note or "").strip()
    if len(said) > LONGEST:
        raise Invalid(errors=[Fault(path="note", message=f"Write at most {LONGEST} characters.")])
    await current().execute(
        "update recheck set answer = $2, answered_by = $3, answered_at = $4, note = $5 where id = $1",
        recheck,
        answer,
        scope.actor.id,
        at,
        vault.seal(said, place=f"recheck|note|{recheck}") if said else None,
    )


async def _offers_of(interest: UUID) -> list[UUID]:
    return [row["id"] for row in await current().fetch(_OPEN_OFFERS, interest)]


def _drawn(row: Record, *, at: datetime) -> Recheck:
    return Recheck(
        id=uuid7(at), interest=row["interest"], brand=row["brand"], drawn_on=at.astimezone(LOCAL).date(), drawn_at=at
    )


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


# Of every brand a share of what was lost in a span of time, at least one. Grain: one row per interest. $1 since, $2 until, $3 share.
# In the order of a hash: nobody can choose who is looked at, and doing it again finds the same ones.
_SAMPLE = """
with gone as (
    select offer.interest from disposition join offer on offer.id = disposition.offer
    where disposition.kind in ('lost', 'invalid') and disposition.recorded_at >= $1 and disposition.recorded_at < $2
    union
    select joined.interest from disposition join joined_offer as joined on joined.offer = disposition.offer
    where disposition.kind in ('lost', 'invalid') and disposition.recorded_at >= $1 and disposition.recorded_at < $2
    union
    select task.interest from alliance_task as task
    where task.outcome is not null and task.closed_at >= $1 and task.closed_at < $2
), ranked as (
    select interest.id as interest, interest.brand, count(*) over of_brand as lost,
           row_number() over (of_brand order by md5(interest.id::text)) as place
    from gone join interest on interest.id = gone.interest
    where interest.stage = 'lost' and interest.brand is not null
          and not exists (select from recheck where recheck.interest = interest.id)
    window of_brand as (partition by interest.brand)
)
select interest, brand from ranked where place <= greatest(1, floor(lost * $3::float8)) order by interest
"""
_LEAD = "select interest.lead from recheck join interest on interest.id = recheck.interest where recheck.id = $1 and {}"
_FOUND = """
select recheck.interest, recheck.answer
from recheck join interest on interest.id = recheck.interest
where recheck.id = $1 and {}
for update of recheck
"""
# Offers that a dealer has in hand for an interest, its own or the one it joined, locked. Grain: one row per offer. $1 interest.
_OPEN_OFFERS = """
select id, state, offer.interest = $1 as is_own from offer
where state in ('offered', 'accepted') and (offer.interest = $1 or id = (select joined from interest where interest.id = $1))
order by id
for update
"""
