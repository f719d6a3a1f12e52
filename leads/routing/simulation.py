"""What if: a brand's past decisions are made again by another policy, in their order, and compared with what happened.

Promises to write nothing but its own row: each decision starts from what its receipt kept, and stores' days and credits go on from there as
the tried policy would have had it. A simulation goes on in slices, each in a transaction with its progress, so that a worker that dies loses
one slice and offers never wait for it. Refuses a time in which nothing was decided.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog
from asyncpg import Record

from crm import history
from crm.database import AWAY, DatabaseAway, current, notify, statement, transaction
from crm.errors import NotThere, Refused
from crm.ids import uuid7
from crm.work import Job
from leads.routing import reach, surroundings
from leads.routing.choice import Facts, Share, field_of
from leads.routing.comparison import Result, Tally, figures
from leads.routing.policies import Policy
from leads.routing.trial import Decided, Past, Trial, stays

log = structlog.get_logger()

SLICE = 500
USUAL_DAYS = 30
_FIRST = UUID(int=0)

_Credits = dict[bytes, dict[int, int]]


class NothingDecided(Refused):
    status = 422
    sentence = "Nothing was decided for this brand between {since:%Y-%m-%d} and {until:%Y-%m-%d}: choose another time."


class Question(msgspec.Struct, frozen=True):
    """Which policy is tried on which past: decisions from `since` on, before `until`."""

    brand: int
    rules: Policy
    since: datetime
    until: datetime


class Going(msgspec.Struct):
    """How far a simulation is: the last decision read, what the trial did otherwise, and what was counted."""

    at: datetime
    receipt: UUID = _FIRST
    trial: Trial = msgspec.field(default_factory=Trial)
    tally: Tally = msgspec.field(default_factory=Tally)


class Simulated(msgspec.Struct, frozen=True):
    """A simulation as it stands; `result` comes with its end."""

    id: UUID
    question: Question
    state: str
    total: int
    done: int
    created_at: datetime
    ended_at: datetime | None
    staff: int | None
    result: Result | None


def usual_time(at: datetime) -> tuple[datetime, datetime]:
    """What is looked at when nothing is said: the last thirty days."""
    return at - timedelta(days=USUAL_DAYS), at


async def start(question: Question, *, staff: int, at: datetime) -> UUID:
    """Let a worker simulate this; refuses when there is nothing to decide again."""
    total = await count(question)
    simulation = uuid7(at)
    await current().execute(
        "insert into simulation (id, brand, data, since, until, staff, state, total, done, created_at)"
        " values ($1, $2, $3, $4, $5, $6, 'queued', $7, 0, $8)",
        simulation,
        question.brand,
        msgspec.json.encode(question.rules).decode(),
        question.since,
        question.until,
        staff,
        total,
        at,
    )
    await history.note(f"staff:{staff}", "simulated", "simulation", simulation, at=at, brand=question.brand)
    await notify(history.CHANGES)
    return simulation


async def run(question: Question) -> Result:
    """Simulate here and now, and write nothing at all; in the caller's transaction."""
    await count(question)
    going = Going(question.since)
    while await go_on(question, going):
        pass
    return figures(going.tally)


async def count(question: Question) -> int:
    """How many decisions there are to be made again; refuses when there are none."""
    total: int = await current().fetchval(
        "select count(*) from receipt where policy = any($1::int[]) and decided_at >= $2 and decided_at < $3",
        await _policies_of(question.brand),
        question.since,
        question.until,
    )
    if not total:
        raise NothingDecided(since=question.since, until=question.until)
    return total


async def work_on(at: datetime) -> int:
    """One slice of the oldest simulation that waits or runs; says how many decisions that was."""
    async with transaction() as connection:
        row = await current().fetchrow(_CLAIM)
        if row is None:
            return 0
        try:
            # A savepoint: the row stays claimed while its failure is written down.
            async with connection.transaction():
                return await _one_slice(row, at=at)
        except (DatabaseAway, *AWAY):
            raise
        except Exception:
            # It would break again and again, and all after it would wait: whoever asked sees that it failed, the log says why.
            log.exception("simulation_failed", simulation=str(row["id"]))
            failed = "update simulation set state = 'failed', result = null, ended_at = $2 where id = $1"
            await current().execute(failed, row["id"], at)
    return 1


JOB = Job("simulate", work_on)


async def find(simulation: UUID) -> Simulated:
    """A simulation by its id; refuses an unknown one."""
    row = await current().fetchrow(f"select {_COLUMNS} from simulation where id = $1", simulation)  # noqa: S608 - our own names
    if row is None:
        raise NotThere
    return _simulated(row)


async def of_brand(brand: int, *, limit: int, rules: Policy | None = None) -> list[Simulated]:
    """The latest simulations of a brand; those that tried these rules alone, if any are named."""
    data = msgspec.json.encode(rules).decode() if rules else None
    rows = await current().fetch(
        f"select {_COLUMNS} from simulation where brand = $1 and ($2::jsonb is null or data = $2)"  # noqa: S608 - our own names
        " order by created_at desc limit $3",
        brand,
        data,
        limit,
    )
    return [_simulated(row) for row in rows]


async def go_on(question: Question, going: Going, *, limit: int = SLICE) -> int:
    """Decide the next ones again and count them; says how many, none at the end."""
    pasts = await _read(question, going, limit=limit)
    if not pasts:
        return 0
    further = await reach.look_further(pasts, question.rules)
    going.tally.reached += sum(
        len(further[past.receipt].candidates) > len(past.facts.candidates) for past in pasts if past.receipt in further
    )
    pasts = [msgspec.structs.replace(past, facts=further.get(past.receipt, past.facts)) for past in pasts]
    credits_then = await _foreseen_credits(pasts, going.trial, question.rules)
    for past in pasts:
        await _decide(past, question.rules, going, credits_then)
    going.at, going.receipt = pasts[-1].decided_at, pasts[-1].receipt
    return len(pasts)


async def _one_slice(row: Record, *, at: datetime) -> int:
    question, going = _question(row), Going(row["since"])
    if row["state"] == "running":
        going = msgspec.json.decode(row["result"], type=Going)
    done = await go_on(question, going)
    await _put_away(row["id"], going, done=done, at=at)
    return done or 1


async def _put_away(simulation: UUID, going: Going, *, done: int, at: datetime) -> None:
    """Keep how far it is, or at the end what came of it."""
    state, kept = ("running", going) if done else ("done", figures(going.tally))
    await current().execute(
        "update simulation set state = $2, result = $3, done = done + $4, ended_at = $5 where id = $1",
        simulation,
        state,
        msgspec.json.encode(kept).decode(),
        done,
        None if done else at,
    )


async def _read(question: Question, going: Going, *, limit: int) -> list[Past]:
    rows = await current().fetch(
        statement("leads", "past_decisions"),
        await _policies_of(question.brand),
        going.at,
        going.receipt,
        question.until,
        limit,
    )
    return [_past(row) for row in rows]


def _past(row: Record) -> Past:
    pool = msgspec.json.decode(row["pool"], type=tuple[Share, ...])
    return Past(
        receipt=row["id"],
        interest=row["interest"],
        decided_at=row["decided_at"],
        decided=Decided(row["outcome"], row["tier"], row["winner"], row["pool_key"], pool),
        facts=msgspec.json.decode(row["inputs"], type=Facts),
        is_last=row["is_last"],
    )


async def _decide(past: Past, rules: Policy, going: Going, credits_then: _Credits) -> None:
    on_its_way = going.trial.go_on(past)
    moved_before = on_its_way is not None and on_its_way.moved
    tried = stays(on_its_way) or await _choose(past, rules, going.trial, credits_then)
    if past.decided.pool_key in credits_then:
        credits_then[past.decided.pool_key] = {share.store: share.credit_after for share in past.decided.pool}
    going.trial.settle(past, tried)
    going.tally.count(past, tried, city=_city(past.facts), moved_before=moved_before)


async def _choose(past: Past, rules: Policy, trial: Trial, credits_then: _Credits) -> Decided:
    field = field_of(trial.facts(past, rules))
    if field.pool_key is None or field.pool_key == past.decided.pool_key:
        return trial.decide(field, {share.store: share.credit_before for share in past.decided.pool})
    if field.pool_key not in credits_then and len(field.pool) > 1:
        credits_then |= await _credits([field.pool_key], past)
    return trial.decide(field, credits_then.get(field.pool_key, {}))


async def _foreseen_credits(pasts: Sequence[Past], trial: Trial, rules: Policy) -> _Credits:
    """What stood in the past in those pools that this slice will most likely meet and whose receipts are not at hand."""
    fields = [(past, field_of(trial.facts(past, rules))) for past in pasts]
    keys = {
        field.pool_key
        for past, field in fields
        if field.pool_key and len(field.pool) > 1 and field.pool_key != past.decided.pool_key
    }
    return await _credits(sorted(keys), pasts[0]) if keys else {}


async def _credits(keys: Sequence[bytes], before: Past) -> _Credits:
    rows = await current().fetch(statement("leads", "credits_before"), keys, before.decided_at, before.receipt)
    found = {row["pool_key"]: msgspec.json.decode(row["pool"], type=tuple[Share, ...]) for row in rows}
    return {key: {share.store: share.credit_after for share in found.get(key, ())} for key in keys}


def _city(facts: Facts) -> str | None:
    wish = facts.wish
    point = (wish.longitude, wish.latitude) if wish.longitude is not None and wish.latitude is not None else None
    return surroundings.standpoint(wish.region, point).city


async def _policies_of(brand: int) -> list[int]:
    rows = await current().fetch("select id from routing_policy where brand = $1 order by id", brand)
    return [row["id"] for row in rows]


def _question(row: Record) -> Question:
    return Question(row["brand"], msgspec.json.decode(row["data"], type=Policy), row["since"], row["until"])


def _simulated(row: Record) -> Simulated:
    is_done = row["state"] == "done"
    return Simulated(
        question=_question(row),
        result=msgspec.json.decode(row["result"], type=Result) if is_done else None,
        **{name: row[name] for name in ("id", "state", "total", "done", "created_at", "ended_at", "staff")},
    )


_COLUMNS = "id, brand, data, since, until, staff, state, total, done, result, created_at, ended_at"
_CLAIM = f"""
select {_COLUMNS} from simulation where state in ('queued', 'running')
order by created_at limit 1 for update skip locked
"""  # noqa: S608 - our own names
