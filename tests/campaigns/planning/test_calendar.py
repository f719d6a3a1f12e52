"""What gets into each other's way: a city, a day and a partner brand in common."""

from datetime import date

import msgspec
import pytest

from campaigns.planning import calendar
from crm.database import transaction
from crm.roles import visible_to
from tests.campaigns.plans import SHOW, a_draft, an_event, brand, somebody

AUGUST = {"since": date(2025, 8, 1), "until": date(2025, 9, 30)}


async def clashes(campaign=None, role="alliance_marketer", code=None):
    scope = visible_to(await somebody(role, code))
    async with transaction():
        return await calendar.clashes(scope, campaign=campaign, **AUGUST)


async def test_two_campaigns_of_one_brand_in_one_city_on_one_day_clash():
    mine = await a_draft("one", "aito", "luxeed")
    await a_draft("two", "aito", plan=msgspec.structs.replace(SHOW, starts_on=SHOW.ends_on, ends_on=date(2025, 9, 20)))

    [clash] = await clashes(mine)

    assert (clash.other.code, clash.starts_on, clash.ends_on, clash.brands) == (
        "two",
        SHOW.ends_on,
        SHOW.ends_on,
        (await brand("aito"),),
    )
    assert len(await clashes()) == 1


@pytest.mark.parametrize(
    ("brands", "facts"),
    [
        (("stelato",), {}),
        (("aito",), {"region": "510300"}),
        (("aito",), {"starts_on": date(2025, 9, 8), "ends_on": date(2025, 9, 9)}),
        (("aito",), {"region": None}),
    ],
)
async def test_without_one_of_the_three_nothing_clashes(brands, facts):
    mine = await a_draft("one", "aito", "luxeed")
    await a_draft("two", *brands, plan=msgspec.structs.replace(SHOW, **facts))

    assert await clashes(mine) == []


async def test_events_clash_even_when_the_rest_of_their_campaigns_does_not():
    mine = await a_draft("one", "aito", plan=msgspec.structs.replace(SHOW, region="510300"))
    other = await a_draft("two", "aito")
    event = await an_event(mine, "one-1", first=date(2025, 9, 1), last=date(2025, 9, 2))
    async with transaction() as connection:
        await connection.execute("update event set region = '510107' where id = $1", event)

    [clash] = await clashes(mine)

    assert (clash.mine.kind, clash.mine.code, clash.other.campaign) == ("event", "one-1", other)


async def test_a_brands_people_hear_of_no_clash_with_what_they_may_not_see():
    mine = await a_draft("one", "aito", "luxeed")
    await a_draft("two", "luxeed")

    assert await clashes(mine, "brand_marketer", "aito") == []
    assert len(await clashes(mine, "brand_marketer", "luxeed")) == 1
