"""Due rows are handled once by somebody, a bad one delays only itself, and a worker that is told to stop finishes what it holds."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from crm import history, work
from crm.database import DatabaseAway, current, transaction
from crm.work import Job
from tests.cast import NOON, fetch, value


class Errands:
    """A queue of its own with rows 1 to 6, of which some fail."""

    def __init__(self, *failing):
        self.failing = set(failing)
        self.done = []
        self.postponed = []

    async def claim(self, limit):
        return await current().fetch(
            "select id, attempts from errand where due_at <= $1 order by id limit $2 for update skip locked",
            NOON,
            limit,
        )

    async def handle(self, rows):
        for row in rows:
            await current().execute("update errand set due_at = null where id = $1", row["id"])
            if row["id"] in self.failing:
                raise ZeroDivisionError
        await asyncio.sleep(0.01)
        self.done += [row["id"] for row in rows]

    async def postpone(self, row, wait):
        self.postponed.append((row["id"], wait))
        due_at = NOON + wait if wait else None
        await current().execute(
            "update errand set attempts = attempts + 1, due_at = $2 where id = $1", row["id"], due_at
        )

    async def drain(self, limit=work.BATCH):
        return await work.drain(self.claim, self.handle, self.postpone, limit=limit)


@pytest.fixture(autouse=True)
async def errands_table(clean_tables):
    await fetch("create table errand (id int primary key, due_at timestamptz, attempts int default 0)")
    await fetch("insert into errand select number, $1 from generate_series(1, 6) as number", NOON)
    yield
    await fetch("drop table errand")


async def test_what_is_due_is_handled_in_one_transaction():
    errands = Errands()

    assert await errands.drain() == 6
    assert errands.done == [1, 2, 3, 4, 5, 6]
    assert await errands.drain() == 0


async def test_a_batch_takes_no_more_than_its_limit():
    errands = Errands()

    assert [await errands.drain(limit=4) for _ in range(3)] == [4, 2, 0]


async def test_a_bad_row_is_put_off_and_the_others_are_handled():
    errands = Errands(2, 5)

    assert await errands.drain() == 6
    assert errands.done == [1, 3, 4, 6]
    assert [row for row, _ in errands.postponed] == [2, 5]
    assert await value("select count(*) from errand where due_at > $1 and attempts = 1", NOON) == 2


async def test_nothing_of_a_failed_try_stays():
    errands = Errands(1)
    await errands.drain()

    assert [tuple(row) for row in await fetch("select id, attempts from errand where due_at is not null")] == [(1, 1)]


async def test_the_tenth_failure_sets_a_row_aside():
    await fetch("update errand set attempts = 9 where id = 1")
    errands = Errands(1)

    await errands.drain()

    assert errands.postponed == [(1, None)]


async def test_each_failure_waits_longer_up_to_an_hour_and_never_all_at_the_same_moment():
    waits = [wait for attempts in range(1, 10) if (wait := work.backoff(attempts))]

    assert all(0.8 <= wait / timedelta(seconds=2**attempts) <= 1.2 for attempts, wait in enumerate(waits, 1))
    assert max(waits) < work.LONGEST_WAIT
    assert len({work.backoff(5) for _ in range(10)}) > 1
    assert work.backoff(10) is work.backoff(11) is None


async def test_several_workers_share_the_rows_and_none_is_handled_twice():
    errands = Errands(3)

    await asyncio.gather(*(errands.drain(limit=2) for _ in range(6)))
    await errands.drain()

    assert sorted(errands.done) == [1, 2, 4, 5, 6]
    assert len(errands.postponed) == 1


@pytest.mark.parametrize("away", [DatabaseAway, ConnectionError, asyncpg.AdminShutdownError])
async def test_a_database_that_is_away_is_no_fault_of_the_rows(away):
    errands = Errands()

    async def lost(_rows):
        raise away

    with pytest.raises(DatabaseAway):
        await work.drain(errands.claim, lost, errands.postpone)
    assert errands.postponed == []


async def test_a_queue_that_cannot_even_be_claimed_says_so():
    errands = Errands()

    async def broken(_limit):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work.drain(broken, errands.handle, errands.postpone)


async def test_everything_that_is_due_at_a_moment_is_done():
    errands = Errands()

    async def some(_at):
        return await errands.drain(limit=2)

    assert await work.until_idle([Job("some", some)], at=NOON) == 6


async def run_until(seen, *jobs, patience=5.0):
    """Let a worker run until an event, then tell it to stop."""
    stop = asyncio.Event()
    running = asyncio.create_task(work.run(jobs, stop=stop))
    try:
        await asyncio.wait_for(seen.wait(), patience)
    finally:
        stop.set()
        await asyncio.wait_for(running, patience)


async def test_a_worker_that_is_told_to_stop_finishes_what_it_holds():
    begun, ended = asyncio.Event(), []

    async def slowly(at):
        begun.set()
        await asyncio.sleep(0.2)
        ended.append(at)
        return 0

    await run_until(begun, Job("slowly", slowly))

    assert len(ended) == 1
    assert abs(datetime.now(UTC) - ended[0]) < timedelta(seconds=5)


async def test_a_job_that_fails_does_not_take_the_others_with_it():
    seen = asyncio.Event()

    async def fails(_at):
        raise ZeroDivisionError

    async def away(_at):
        raise DatabaseAway

    async def works(_at):
        seen.set()
        return 0

    await run_until(seen, Job("fails", fails), Job("away", away), Job("works", works))


async def test_a_job_that_waits_for_somebody_outside_keeps_no_other_waiting():
    begun, over, seen = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def waits(_at):
        begun.set()
        await over.wait()
        return 0

    async def works(_at):
        if begun.is_set():
            seen.set()
        return 0

    running = asyncio.create_task(run_until(over, Job("waits", waits, is_apart=True), Job("works", works)))
    await asyncio.wait_for(seen.wait(), 4)
    over.set()
    await running


async def test_a_resting_worker_is_woken_by_a_hint(monkeypatch):
    monkeypatch.setattr(work, "IDLE_SECONDS", 60)
    rounds, second = [], asyncio.Event()

    async def count(_at):
        rounds.append(1)
        if len(rounds) > 1:
            second.set()
        return 0

    async def hint():
        while not second.is_set():
            await asyncio.sleep(0.1)
            async with transaction():
                await current().execute("select pg_notify($1, '')", history.CHANGES)

    hinting = asyncio.create_task(hint())
    await run_until(second, Job("count", count))
    await hinting


async def test_a_worker_rests_half_a_second_and_looks_again():
    third = asyncio.Event()
    rounds = []

    async def count(_at):
        rounds.append(1)
        if len(rounds) == 3:
            third.set()
        return 0

    await run_until(third, Job("count", count))
