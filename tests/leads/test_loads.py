"""What stores were given, against their day and their fair share, and who is reminded of what."""

import asyncio
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.database import transaction
from crm.errors import NotThere
from crm.network import stores
from crm.roles import visible_to
from leads import inbox, loads, reminders
from tests.cast import CHENGDU, DAY, MINUTE, NOON, a_lead, another_phone, colleague, dealer, fetch, says, value, wants
from tests.leads.offering import offer_of, open_chengdu

TWO_BRANDS = CHENGDU.replace("user_centre,aito,510107,104.0650", "user_centre,aito;luxeed,510107,104.0650")
LATE = NOON + 35 * MINUTE


@pytest.fixture(autouse=True)
async def chengdu(tmp_path):
    await open_chengdu(tmp_path, stores=TWO_BRANDS)


async def leads(count, *, brand="aito", first=0, **facts):
    people = [{"name": "王建国", "phone": another_phone(first + number)} for number in range(count)]
    said = {"interests": [wants(brand)], "consents": [says(True, brand)]}
    return [await a_lead(person=person, **said | facts) for person in people]


async def scope_of(role="alliance_marketer", **limits):
    return visible_to(await colleague(role, **limits))


async def load(code, *, at=NOON + MINUTE, scope=None):
    scope = scope or await scope_of()
    async with transaction():
        store = await stores.show(code, scope=scope, at=at)
        return await loads.of_store(store.id, capacity=store.daily_capacity, scope=scope, at=at)


async def remind(code="S1", *, at=LATE, scope=None, **which):
    scope = scope or await scope_of()
    async with transaction():
        return await reminders.remind(code, scope=scope, at=at, **which)


async def test_a_day_is_counted_against_capacity():
    await leads(6)

    seen = await load("S1")

    assert (seen.today.offered, seen.today.capacity, seen.today.open, seen.today.late) == (3, 50, 3, 0)
    assert seen.today.state == "free"
    assert (await load("S1", at=LATE)).today.state == "late"


async def test_a_pool_tells_its_fair_share_beside_what_was_received():
    await leads(7)

    first, second = await load("S1"), await load("S2")

    [pool] = first.pools
    assert (pool.neighbours, pool.decisions, pool.share) == (("成都二号店",), 7, 3.5)
    assert sorted([first.received, second.received]) == [3, 4]
    assert first.deviation == -second.deviation
    assert first.is_even


async def test_received_is_what_was_offered_whatever_the_weights():
    chance = random.Random(7)
    await leads(chance.randint(8, 12))
    await leads(3, brand="luxeed", first=50)

    for code in ("S1", "S2", "S3"):
        seen = await load(code)
        offers = await value("select count(*) from offer join store on store.id = store where code = $1", code)
        assert seen.received == offers == sum(day.received for day in seen.days)
        assert seen.is_even


async def test_a_week_forgets_what_is_older():
    await leads(2)

    seen = await load("S1", at=NOON + 7 * DAY)

    assert (seen.pools, seen.received, seen.today.offered) == ((), 0, 0)
    assert (await load("S1", at=NOON + 6 * DAY)).received == 1


async def test_the_median_answer_counts_acceptances_and_refusals():
    for lead, minutes in zip(await leads(6), (1, 2, 3, 4, 5, 20), strict=True):
        offer, holder, _ = await offer_of(lead)
        async with transaction():
            await inbox.accept(offer, dealer=holder, at=NOON + minutes * MINUTE)

    one, other = await load("S1", at=NOON + DAY), await load("S2", at=NOON + DAY)

    assert one.accepted + other.accepted == 6
    assert {one.minutes, other.minutes} <= {1.0, 2.0, 3.0, 4.0, 5.0, 20.0}


async def test_a_brand_sees_its_own_part_of_a_store_and_of_the_other_only_that_the_day_is_fuller():
    await leads(4)
    await leads(5, brand="luxeed", first=50)

    mine = await load("S1", scope=await scope_of("brand_marketer", brand="aito"))
    whole = await load("S1")

    assert mine.today.offered == whole.today.offered > mine.today.own == mine.today.open == mine.received
    assert {pool.brand for pool in mine.pools} == {await value("select id from brand where code = 'aito'")}
    assert len(whole.pools) == 2


async def test_latest_offers_are_of_brands_in_scope():
    await leads(2)
    await leads(3, brand="luxeed", first=50)
    scope = await scope_of("brand_marketer", brand="luxeed")

    async with transaction():
        store = await stores.show("S1", scope=scope, at=NOON)
        latest = await loads.latest(store.id, scope=scope)

    assert {one.brand for one in latest} == {await value("select id from brand where code = 'luxeed'")}


async def test_a_late_store_is_reminded_in_its_feed():
    await leads(2)

    assert (await remind()).told == 1

    d1 = await dealer("D1")
    async with transaction():
        page = await inbox.changes(d1, after=0)
    assert [item.type for item in page.items] == ["offered", "reminder"]
    noted = await fetch("select subject_kind from history_entry where action = 'store_reminded' order by subject_kind")
    assert [row["subject_kind"] for row in noted] == ["interest", "store"]


async def test_it_is_not_reminded_again_within_ten_minutes():
    await leads(2)
    await remind()

    again, later = await remind(at=LATE + 9 * MINUTE), await remind(at=LATE + 9.5 * MINUTE)
    assert (again.told, again.lately, later.told) == (0, 1, 0)


async def test_two_who_remind_at_once_disturb_the_store_once():
    await leads(2)
    scope = await scope_of()

    told = await asyncio.gather(*(remind(scope=scope) for _ in range(4)))

    assert sorted(one.told for one in told) == [0, 0, 0, 1]


async def test_who_is_in_time_is_not_disturbed():
    await leads(2)

    assert (await remind(at=NOON + MINUTE)).told == 0
    assert not await fetch("select from offer_event where type = 'reminder'")


async def test_one_lead_is_reminded_of_alone():
    first, *_ = [lead for lead in await leads(6) if (await offer_of(lead))[1].code == "D1"]

    assert (await remind(lead=first)).told == 1
    assert (await remind()).told == 2


async def test_a_brand_reminds_of_its_own_offers_alone_and_of_its_own_stores():
    await leads(2, brand="luxeed")
    mine = await scope_of("brand_marketer", brand="aito")

    assert (await remind("S1", scope=mine)).told == 0
    with pytest.raises(NotThere):
        await remind("S3", scope=mine)


BRANDS = ("aito", "luxeed")
OF_A_BRAND = """
select offer.id from offer join store on store.id = store join brand on brand.id = offer.brand
where store.code = $1 and brand.code = $2
"""


@given(wanted=st.lists(st.sampled_from(BRANDS), max_size=6), late=st.booleans())
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_came_a_brand_sees_the_stores_offers_and_figures_of_its_own(wanted, late):
    at = LATE if late else NOON + MINUTE
    for brand in wanted:
        await leads(1, brand=brand, first=random.randrange(10**6))

    for mine in BRANDS:
        scope = await scope_of("brand_marketer", brand=mine)
        brand = await value("select id from brand where code = $1", mine)
        async with transaction():
            seen = await stores.find(stores.Sought(), scope=scope, at=at)
        assert {store.code for store in seen} == {"aito": {"S1", "S2"}, "luxeed": {"S1", "S3"}}[mine]
        assert {one for store in seen for one in store.brands} == {brand}
        for store in seen:
            figures = await load(store.code, at=at, scope=scope)
            offers = {row["id"] for row in await fetch(OF_A_BRAND, store.code, mine)}
            async with transaction():
                listed = await loads.latest(store.id, scope=scope)
            assert {one.id for one in listed} == offers
            assert figures.today.own == figures.today.open == figures.received == len(offers)
            assert figures.today.late == (len(offers) if late else 0)
            assert {pool.brand for pool in figures.pools} <= {brand}
