"""Whoever closes what no store took, or answers a re-check, never waits in a circle with a worker that moves the same interest."""

import asyncio
import functools

import pytest

from crm.database import current, transaction
from crm.roles import visible_to
from leads import alliance, rechecks
from leads.steering.standing import lock_person_of_lead
from tests.cast import DAY, NOON, a_lead, colleague, open_chengdu, stands, value


@pytest.fixture(autouse=True)
async def chengdu(tmp_path):
    await open_chengdu(tmp_path)


async def stood(lead, stage):
    """Its interest is where no worker brought it."""
    async with transaction():
        await current().execute(
            "update offer set state = 'withdrawn', ended_at = $2 from interest where interest.id = interest and lead = $1",
            lead,
            NOON,
        )
        await current().execute("update interest set stage = $2, due_at = null where lead = $1", lead, stage)
        return await current().fetchval("select id from interest where lead = $1", lead)


async def beside_a_worker(lead, act, touched, row):
    """The act begins while a worker holds the person and goes on to the very row that the act is about."""
    held = asyncio.Event()

    async def worked():
        async with transaction():
            await lock_person_of_lead(lead)
            held.set()
            await asyncio.sleep(0.2)
            await current().execute(f"select from {touched} where id = $1 for update", row)

    async def acted():
        await held.wait()
        async with transaction():
            await act()

    await asyncio.gather(worked(), acted())


@pytest.mark.parametrize("verb", ["closed", "opened"])
async def test_the_alliance_queue_takes_the_person_before_the_task(verb):
    lead, scope = await a_lead(), visible_to(await colleague("alliance_marketer"))
    interest = await stood(lead, "alliance_queue" if verb == "closed" else "lost")
    async with transaction():
        task = await current().fetchval(
            "insert into alliance_task (id, interest, reason, refusals, opened_at, closed_at, outcome)"
            " values (gen_random_uuid(), $1, 'refused', 2, $2, $3, $4) returning id",
            interest, NOON, *((None, None) if verb == "closed" else (NOON, "price")),
        )  # fmt: skip

    closing = functools.partial(alliance.close_as_lost, task, reason="price", scope=scope, at=NOON + DAY)
    opening = functools.partial(alliance.open_again, task, scope=scope, at=NOON + DAY)
    await beside_a_worker(lead, closing if verb == "closed" else opening, "alliance_task", task)

    assert await stands(lead) == [("lost" if verb == "closed" else "alliance_queue", None)]


async def test_a_re_check_takes_the_person_before_the_question():
    lead, scope = await a_lead(), visible_to(await colleague("alliance_marketer"))
    interest = await stood(lead, "lost")
    async with transaction():
        recheck = await current().fetchval(
            "insert into recheck (id, interest, brand, drawn_on, drawn_at)"
            " select gen_random_uuid(), id, brand, $2::timestamptz::date, $2 from interest where id = $1 returning id",
            interest, NOON,
        )  # fmt: skip

    reopening = functools.partial(rechecks.reopen, recheck, note=None, scope=scope, at=NOON + DAY)
    await beside_a_worker(lead, reopening, "recheck", recheck)
    taking_back = functools.partial(rechecks.take_back, recheck, scope=scope, at=NOON + DAY)
    await beside_a_worker(lead, taking_back, "recheck", recheck)

    assert await stands(lead) == [("lost", None)]
    assert await value("select answer is null from recheck where id = $1", recheck)
