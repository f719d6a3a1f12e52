"""Several workers, and people who speak in between: nothing twice, nothing undone, nothing unheard."""

import asyncio
import contextvars
from datetime import timedelta

import asyncpg
import pytest

from crm.database import current, statement, transaction
from crm.ids import uuid7
from crm.settings import settings
from crm.work import until_idle
from leads import journey
from tests.cast import (
    CHENGDU,
    DAY,
    LI,
    MINUTE,
    NOON,
    WANG,
    another_phone,
    change_network,
    fetch,
    offers_of,
    open_chengdu,
    person_of,
    registration,
    send,
    stands,
    value,
    wants,
    work,
)
from tests.saying import LATER, brand_id, give

CONSENT_GIVEN = """
with told as (
    insert into change (xid, kind, person, at) values (pg_current_xact_id()::text::bigint, 'consent_given', $1, $2)
)
insert into consent (id, person, purpose, receiver_kind, brand, kind, state, captured_at, recorded_at, actor, evidence_hash)
select gen_random_uuid(), $1, 'share_with_dealer', 'dealer', id, 'separate', 'given', $2, $2, 'tester', '' from brand
"""


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def test_two_workers_at_once_make_one_offer_for_a_person_and_a_brand():
    for _ in range(6):
        await send(registration())

    await asyncio.gather(*(journey.advance_due(NOON) for _ in range(4)))
    await work()

    assert await value("select count(*) from offer") == 1
    assert await value("select count(*) from interest where stage = 'offered'") == 6


async def test_several_workers_leave_nothing_undone_and_nothing_twice():
    await send(*(registration(person={"phone": another_phone(number)}) for number in range(40)))

    await asyncio.gather(*(until_idle(journey.JOBS, at=NOON) for _ in range(4)))

    assert await value("select count(*) from offer") == 40
    assert await value("select sum(offered) from store_day") == 40


async def test_a_wish_that_fails_waits_longer_each_time_while_the_others_move():
    good, bad = await send(registration(person=WANG), registration(person=LI, interests=[wants("luxeed")]))
    await give(await person_of(bad.lead_id), "luxeed")
    # A brand without a policy was never seeded: a fault of ours, not of the lead.
    await fetch("delete from routing_policy where brand = $1", await brand_id("luxeed"))

    await journey.advance_due(NOON)
    first = await value("select due_at - $1 from interest where attempts = 1", NOON)
    await journey.advance_due(NOON + MINUTE)
    second = await value("select due_at - $1 from interest where attempts = 2", NOON + MINUTE)

    assert await stands(good.lead_id) == [("offered", None)]
    assert timedelta(seconds=1) < first < second < timedelta(seconds=6)


async def test_a_wish_that_failed_ten_times_is_set_aside_for_people():
    [bad] = await send(registration())
    await fetch("update interest set attempts = 9")
    await fetch("delete from routing_policy")

    await journey.advance_due(NOON)
    await journey.advance_due(NOON + DAY)

    assert [tuple(row) for row in await fetch("select attempts, due_at from interest")] == [(10, None)]
    assert await stands(bad.lead_id) == [("identified", None)]


# Said while a wish is being decided


async def test_a_merge_between_claim_and_lock_leaves_the_interest_for_its_next_turn():
    await send(registration(consents=[]))
    async with transaction():
        claimed = await current().fetch(statement("leads", "claim_due_interests"), NOON, 10)

        await journey.advance({row["id"]: uuid7(NOON) for row in claimed}, at=NOON)

    assert await value("select count(*) from interest where due_at is not null and hold is null") == len(claimed)


async def test_what_is_told_while_a_wish_is_at_the_gate_is_heard_afterwards():
    [outcome] = await send(registration(consents=[]))
    person = await person_of(outcome.lead_id)
    telling = await asyncpg.connect(settings().database_url)
    started = telling.transaction()
    await started.start()
    await telling.execute(CONSENT_GIVEN, person, LATER)

    async with transaction():
        # A worker has read the answers and is about to hold the wish, when the person's yes is committed and another one reacts.
        await claim_and_advance()
        await started.commit()
        reacting = asyncio.create_task(journey.react(LATER), context=contextvars.Context())
        await asyncio.sleep(0.5)
    await reacting
    await telling.close()
    await work(LATER)

    assert await stands(outcome.lead_id) == [("offered", None)]


async def test_a_store_that_opens_while_a_wish_is_being_decided_is_seen_afterwards(tmp_path):
    [outcome] = await send(registration(interests=[wants("maextro", "test_drive")]))

    async with transaction():
        await claim_and_advance()
        opening = change_network(tmp_path, CHENGDU.replace("luxeed", "luxeed;maextro"), at=LATER)
        await asyncio.create_task(opening, context=contextvars.Context())
        noticing = asyncio.create_task(journey.notice_network(LATER), context=contextvars.Context())
        await asyncio.sleep(0.5)
    await noticing
    await work(LATER)

    assert await offers_of(outcome.lead_id) == [("S3", "offered")]


async def claim_and_advance():
    rows = await current().fetch(statement("leads", "claim_due_interests"), NOON, 10)
    await journey.advance({row["id"]: row["person"] for row in rows}, at=NOON)
