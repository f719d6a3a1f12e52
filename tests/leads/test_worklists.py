"""Work queues hold what waits for people, the oldest first, and nothing that only another brand was told."""

import random

import pytest

from crm.database import transaction
from crm.errors import NotThere
from crm.paging import Mark
from crm.roles import visible_to
from leads import alliance, worklists
from leads.alliance import TakenAlready
from tests.cast import (
    DAY,
    MINUTE,
    NOON,
    a_lead,
    another_phone,
    colleague,
    open_chengdu,
    says,
    stands,
    value,
    wants,
)

LATER = NOON + 45 * MINUTE


@pytest.fixture(autouse=True)
async def three_stores(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def scope_of(role="alliance_marketer", *, brand=None):
    return visible_to(await colleague(role, brand=brand))


async def queue(name, scope, *, at=LATER, **place):
    async with transaction():
        return await worklists.page(name, scope, at=at, **place)


async def somebody(number, *, at=NOON, brand="aito", consents=True, **facts):
    """A lead of their own for this brand."""
    person = {"name": "王建国", "phone": another_phone(number)}
    agreed = [says(True, brand)] if consents else []
    return await a_lead(at=at, person=person, interests=[wants(brand)], consents=agreed, **facts)


async def queued(lead):
    """Its interest waits in the alliance queue."""
    interest = await value("select id from interest where lead = $1", lead)
    async with transaction() as connection:
        await connection.execute(
            "update offer set state = 'withdrawn', ended_at = $2 where interest = $1", interest, NOON
        )
        await connection.execute("update interest set stage = 'alliance_queue', due_at = null where id = $1", interest)
        return await connection.fetchval(
            "insert into alliance_task (id, interest, reason, refusals, opened_at)"
            " values (gen_random_uuid(), $1, 'refused', 2, $2) returning id",
            interest,
            NOON,
        )


async def test_late_answers_come_the_longest_late_first_and_say_when_they_move_on():
    first, second = await somebody(1), await somebody(2, at=NOON + MINUTE)

    found = await queue("late", await scope_of())

    assert [row.lead for row in found.rows] == [first, second]
    assert found.rows[0].since < found.rows[0].ends_at
    assert found.rows[0].store_code in {"S1", "S2"}


async def test_an_offer_in_time_is_in_no_queue():
    await somebody(1)

    assert (await queue("late", await scope_of(), at=NOON + MINUTE)).rows == ()


async def test_held_interests_are_listed_and_counted_by_their_reason():
    without_consent = await somebody(1, consents=False)
    without_brand = await a_lead(interests=[wants(None)])

    scope = await scope_of()
    async with transaction():
        counts = await worklists.held(scope)

    assert {hold: str(count) for hold, count in counts.items()} == {"no_consent": "1", "no_interest": "1"}
    assert [row.lead for row in (await queue("held", scope, hold="no_consent")).rows] == [without_consent]
    assert [row.lead for row in (await queue("held", scope, hold="no_interest")).rows] == [without_brand]


async def test_leads_that_name_nothing_at_all_are_counted_beside_the_queue():
    await a_lead(interests=None)
    everything, mine = await scope_of(), await scope_of("brand_marketer", brand="aito")

    async with transaction():
        assert str(await worklists.silent(everything)) == "1"
        assert str(await worklists.silent(mine)) == "0"


async def test_every_page_of_a_queue_can_be_walked_both_ways():
    leads = [await somebody(number, at=NOON + number * MINUTE, consents=False) for number in range(5)]
    scope = await scope_of()

    first = await queue("held", scope, hold="no_consent", limit=2)
    second = await queue("held", scope, hold="no_consent", limit=2, after=Mark.read(str(first.after)))
    third = await queue("held", scope, hold="no_consent", limit=2, after=second.after)
    back = await queue("held", scope, hold="no_consent", limit=2, before=third.before)

    assert [row.lead for one in (first, second, third) for row in one.rows] == leads
    assert (first.before, third.after) == (None, None)
    assert [row.lead for row in back.rows] == leads[2:4]


async def test_what_no_store_took_is_in_one_persons_hands():
    task, scope, other = await queued(await somebody(1)), await scope_of(), await scope_of()
    async with transaction():
        await alliance.take(task, scope=scope, at=LATER)

    with pytest.raises(TakenAlready):
        async with transaction():
            await alliance.take(task, scope=other, at=LATER)

    [row] = (await queue("alliance", scope)).rows
    assert (row.assignee, row.refusals) == (scope.actor.id, 2)


async def test_closed_as_lost_it_leaves_the_queue_and_comes_back_as_it_was():
    lead = await somebody(1)
    task, scope = await queued(lead), await scope_of()

    async with transaction():
        await alliance.close_as_lost(task, reason="price", scope=scope, at=LATER)
    assert await stands(lead) == [("lost", None)]
    assert (await queue("alliance", scope)).rows == ()
    async with transaction():
        await alliance.open_again(task, scope=scope, at=LATER)

    assert await stands(lead) == [("alliance_queue", None)]
    assert [row.id for row in (await queue("alliance", scope)).rows] == [task]


async def test_nothing_of_another_brand_is_listed_counted_or_worked():
    """Property: whatever waits, AITO's own marketer meets AITO's interests alone, in every queue and count."""
    chance = random.Random(20)
    for number in range(12):
        lead = await somebody(number, brand=chance.choice(["aito", "luxeed"]), consents=chance.random() < 0.5)
        if chance.random() < 0.4:
            await queued(lead)
    mine, everything = await scope_of("brand_marketer", brand="aito"), await scope_of()
    aito = await value("select id from brand where code = 'aito'")

    for name, at in (("late", LATER), ("alliance", LATER), ("held", LATER), ("lost", LATER + DAY)):
        hold = "no_consent" if name == "held" else None
        all_of_them = (await queue(name, everything, at=at, hold=hold)).rows
        seen = (await queue(name, mine, at=at, hold=hold)).rows
        assert [row.id for row in seen] == [row.id for row in all_of_them if row.brand == aito]
        async with transaction():
            counts = await worklists.counts(mine, at=at)
        if name != "held":
            assert str(counts[name]) == str(len(seen))
    for row in (await queue("alliance", everything)).rows:
        if row.brand != aito:
            with pytest.raises(NotThere):
                async with transaction():
                    await alliance.take(row.id, scope=mine, at=LATER)
