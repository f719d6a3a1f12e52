"""The day in figures, what waits, and what just happened: counted like their lists, and within what the reader may see."""

from datetime import timedelta
from typing import Any

import pytest

from crm.database import transaction
from crm.roles import visible_to
from leads.lists import counts, filters
from leads.lists.query import Query
from leads.today import figures, waiting, wall
from tests.cast import DAY, DU, LI, MINUTE, NOON, a_lead, colleague, fetch, open_chengdu, wants

LATE = NOON + 32 * MINUTE
FOR_LUXEED: dict[str, Any] = {"person": LI, "interests": [wants("luxeed", "test_drive")]}


@pytest.fixture(autouse=True)
async def three_stores(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def eyes(role="alliance_marketer", **limits):
    return visible_to(await colleague(role, **limits))


async def seen(verb, scope, at=NOON, **facts):
    async with transaction():
        return await verb(scope, at=at, **facts)


async def test_a_figure_is_counted_like_the_list_that_it_leads_to():
    await a_lead(at=NOON - DAY)
    await a_lead(person=DU)
    await a_lead(**FOR_LUXEED)
    scope = await eyes()

    shown = await seen(figures.figures, scope)

    async with transaction():
        of_list = await counts.of_list(await filters.read(Query({"since": "today"}), scope=scope, at=NOON))
    assert (shown.leads.leads, shown.leads) == (2, of_list)
    assert shown.yesterday == 0  # noon of the day before is not yet past at noon


async def test_yesterday_counts_to_this_time_of_the_day_alone():
    await a_lead(at=NOON - DAY - MINUTE)
    await a_lead(at=NOON - DAY + MINUTE, person=DU)

    assert (await seen(figures.figures, await eyes())).yesterday == 1


async def test_a_brand_counts_its_own_alone():
    await a_lead()
    await a_lead(**FOR_LUXEED)
    luxeed = await eyes("brand_marketer", brand="luxeed")

    shown, brands = await seen(figures.figures, luxeed), await seen(figures.brands, luxeed)

    assert (shown.leads.leads, [one.leads for one in brands]) == (1, [1])


async def test_an_analyst_has_figures_of_brands_and_campaigns_and_no_lead():
    await a_lead()
    analyst = await eyes("analyst")

    brands, events = await seen(figures.brands, analyst), await seen(wall.events, analyst)

    assert ([one.leads for one in brands], events) == ([1], [])


async def test_how_long_stores_take_is_the_median_of_todays_answers():
    await a_lead()
    offer = (await fetch("select id, interest from offer"))[0]
    async with transaction() as connection:
        await connection.execute(
            """
            insert into milestone (id, person, lead, interest, kind, campaign, brand, store, at, recorded_at)
            select gen_random_uuid(), person, lead, interest, 3, campaign, brand, store, $2, $2 from milestone
            where interest = $1 and kind = 2
            """,
            offer["interest"],
            NOON + 9 * MINUTE,
        )

    shown = await seen(figures.figures, await eyes(), at=NOON + 10 * MINUTE)

    assert (shown.answers, shown.answer_minutes) == (1, pytest.approx(9))


async def test_a_campaign_of_these_days_says_which_day_it_is():
    await a_lead()
    async with transaction() as connection:
        await connection.execute("update campaign set starts_on = '2025-08-28', ends_on = '2025-08-31'")

    [show] = await seen(figures.campaigns, await eyes())

    assert (show.code, show.day_of(NOON.date()), show.leads) == ("chengdu-2025", (2, 4), 1)


async def test_what_is_late_comes_before_what_is_held_and_says_where_it_stands():
    late = await a_lead()
    held = await a_lead(at=NOON + 20 * MINUTE, person=DU, consents=[])

    first, second = await seen(waiting.things, await eyes(), at=LATE)

    assert (first.kind, first.href, first.name) == ("late", f"/leads/{late}", "王建国")
    assert (first.store, first.due_at) == (first.store, NOON + 30 * MINUTE)
    assert (second.kind, second.href, second.hold) == ("held", f"/leads/{held}", "no_consent")


async def test_an_answer_is_due_soon_five_minutes_before_it_is_late():
    await a_lead()
    scope = await eyes()

    kinds = [
        [one.kind for one in await seen(waiting.things, scope, at=NOON + minutes * MINUTE)] for minutes in (24, 26, 31)
    ]

    assert kinds == [[], ["soon"], ["late"]]


async def test_a_brands_marketer_finds_no_others_work_and_no_name_that_nobody_gave_her():
    await a_lead()
    await a_lead(**FOR_LUXEED, consents=[])
    luxeed = await eyes("brand_marketer", brand="luxeed")

    things = await seen(waiting.things, luxeed, at=LATE)

    assert {(one.model, one.wish, one.name) for one in things} == {(None, "test_drive", "李**")}


async def test_the_wall_tells_what_happened_last_without_a_name():
    lead = await a_lead()

    newest, before = await seen(wall.events, await eyes(), at=NOON + timedelta(seconds=1))

    assert [newest.code, before.code] == ["offered", "lead"]
    assert (newest.lead, newest.wish, newest.store is not None) == (lead, "buy", True)
    assert not {"name", "phone", "person"} & set(newest.__struct_fields__)


async def test_the_wall_of_a_brand_leaves_the_others_out():
    await a_lead()

    assert await seen(wall.events, await eyes("brand_marketer", brand="luxeed")) == []
