"""One guest, several brands: whose turn it is, and the end of all others with the first order.

Promises that never more brands than the rule allows have the guest at the same time, that the next one's turn comes when one is lost, and
that after an order the other brands' stores hear that it is over, without hearing where. An order or a deposit of theirs is a contract and stays.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Record

from campaigns import touchpoints
from campaigns.tables import Milestone
from campaigns.touchpoints import Fact
from crm import history, work
from crm.database import current, insert, lock_stripes, notify, statement
from crm.ids import uuid7
from crm.roles import Scope, numbered
from crm.work import Job, Row
from leads import feed, kinds, offers
from leads.tables import Interest

ACTOR = "system:fan_out"
ORDERED_ELSEWHERE = "ordered_elsewhere"
SOON = timedelta(seconds=1)  # a worker decides on one of them this moment
CONTRACT = kinds.RANKS["deposit"]
SOLD = ("order", "delivered")


async def go_on(at: datetime) -> int:
    """Look at the fan-outs that something happened to; says how many."""

    async def claim(limit: int) -> Sequence[Row]:
        rows: Sequence[Row] = await current().fetch(statement("leads", "due_fan_outs"), at, limit)
        return rows

    async def handle(rows: Sequence[Row]) -> None:
        for row in rows:
            async with feed.gathered():
                await _go_on(row["id"], at=at)

    async def postpone(row: Row, wait: timedelta | None) -> None:
        await current().execute(
            "update fan_out set attempts = attempts + 1, due_at = $2 where lead = $1",
            row["id"],
            at + wait if wait else None,
        )

    # One by one: each takes the locks of its person first, and two persons in one transaction could meet another worker's two.
    return await work.drain(claim, handle, postpone, limit=1)


JOB = Job("fan_out", go_on)


async def tie(lead: UUID) -> None:
    """Note of a guest's wishes which interests they became."""
    await current().execute(statement("leads", "tie_fan_out_wishes"), lead)


async def waiting(lead: UUID, *, scope: Scope) -> list[tuple[int, str | None]]:
    """The brands (with the model's code) whose turn has not come, in the guest's order, as far as the reader may see them."""
    text, values = numbered(_TURNS, [scope.of_brands("wish.brand")], lead)
    return [(row["brand"], row["model"]) for row in await current().fetch(text, *values)]


async def _go_on(lead: UUID, *, at: datetime) -> None:
    await _hold_person(lead)
    taken = await current().fetch(statement("leads", "lock_offers_of_lead"), lead)
    interests = await current().fetch(_INTERESTS, lead)
    # Locked last, as the trigger does that makes it due.
    fan_out = await current().fetchrow(_FAN_OUT, lead, at)
    if fan_out is None:
        return
    if len(interests) < await current().fetchval("select count(*) from interest where lead = $1", lead):
        await current().execute("update fan_out set due_at = $2 where lead = $1", lead, at + SOON)
        return
    if any(one["stage"] in SOLD for one in interests):
        await _close(lead, interests, taken, at=at)
    elif fan_out["goes_on"]:
        busy = sum(one["stage"] != "lost" for one in interests)
        await _next_turns(lead, room=fan_out["width"] - busy, at=at)
    await current().execute("update fan_out set due_at = null, attempts = 0 where lead = $1", lead)


async def _hold_person(lead: UUID) -> None:
    person = await current().fetchval(
        "select coalesce(merged_into, person.id) from lead join person on person.id = lead.person where lead.id = $1",
        lead,
    )
    await lock_stripes(offers.PERSON_LOCKS, [str(person)])


async def _close(lead: UUID, interests: Sequence[Record], taken: Sequence[Record], *, at: datetime) -> None:
    """The guest ordered: what the other brands still had of them ends here."""
    over = [one["id"] for one in interests if _may_end(one)]
    await current().execute(statement("leads", "lose_interests"), over)
    # What joined these offers from another enquiry goes on by itself; ours are lost by now and stay so.
    ended = {row["id"]: row["dealer"] for row in taken if row["interest"] in over}
    await offers.end(ended, state="withdrawn", reason=ORDERED_ELSEWHERE, stage="identified", at=at)
    await current().execute(statement("leads", "close_alliance_tasks"), over, at)
    await current().execute("update fan_out set closed_at = $2 where lead = $1", lead, at)
    for interest in over:
        await history.note(ACTOR, "closed_by_order", "interest", interest, at=at)


def _may_end(interest: Record) -> bool:
    return interest["stage"] != "lost" and kinds.RANKS[interest["stage"]] < CONTRACT


async def _next_turns(lead: UUID, *, room: int, at: datetime) -> None:
    """As many of the waiting wishes as there is room for become interests, due for the journey at once."""
    if room <= 0:
        return
    waiting = await current().fetch(_WAITING, lead, room)
    if not waiting:
        return
    [stored] = await current().fetch(_LEAD, lead)
    made = [_interest(lead, stored, wish, rank=stored["ranks"] + n, at=at) for n, wish in enumerate(waiting, start=1)]
    await insert(made)
    if not stored["test"]:
        await touchpoints.record_milestones([_fact(one, stored, at=at) for one in made])
    await tie(lead)
    await current().execute("update lead set version = version + 1 where id = $1", lead)
    for one in made:
        await history.note(ACTOR, "turn_came", "interest", one.id, at=at)
    await notify(history.CHANGES)


def _interest(lead: UUID, stored: Record, wish: Record, *, rank: int, at: datetime) -> Interest:
    return Interest(
        id=uuid7(at),
        lead=lead,
        rank=rank,
        brand=wish["brand"],
        model=wish["model"],
        kind=wish["kind"],
        stage="identified",
        due_at=at,
        captured_at=stored["captured_at"],
        campaign=stored["campaign"],
        source=stored["source"],
        region=stored["region"],
    )


def _fact(interest: Interest, stored: Record, *, at: datetime) -> Milestone:
    return touchpoints.milestone(
        Fact.lead,
        person=stored["person"],
        lead=interest.lead,
        interest=interest.id,
        campaign=stored["campaign"],
        brand=interest.brand,
        at=at,
        recorded_at=at,
    )


# The fan-out of a lead that is still due, locked. Grain: at most one row. $1 lead, $2 now.
_FAN_OUT = """
select width, goes_on from fan_out where lead = $1 and due_at <= $2 and closed_at is null for update
"""

# The interests of a lead, locked. Grain: one row per interest. $1 lead. A worker that claimed one waits for the person, whom we hold: it is
# skipped, and the fan-out is looked at again when it is through.
_INTERESTS = """
select id, stage from interest where lead = $1 order by id for update skip locked
"""

# Wishes whose turn has not come, in the guest's order. Grain: one row per wish. $1 lead, $2 limit.
_WAITING = """
select brand, model, kind from fan_out_wish where lead = $1 and interest is null order by rank limit $2
"""

# Turns to come. Grain: one row per wish. $1 lead. Condition: on the wish's brand.
_TURNS = """
select wish.brand, model.code as model
from fan_out
join fan_out_wish as wish on wish.lead = fan_out.lead and wish.interest is null
left join model on model.id = wish.model
where fan_out.lead = $1 and fan_out.closed_at is null and fan_out.goes_on and {}
order by wish.rank
"""

_LEAD = """
select lead.person, lead.campaign, lead.source, lead.region, lead.captured_at, source.test,
       (select coalesce(max(rank), 0) from interest where interest.lead = lead.id) as ranks
from lead join source on source.id = lead.source where lead.id = $1
"""
