"""Events as those see them who plan them."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns import occasions
from crm.database import transaction
from tests.campaigns.registering.coming import a_slot, an_event, books
from tests.cast import fetch, signed_in, value

SOON = datetime.now(UTC) + timedelta(days=20)


@pytest.fixture
async def tent(clean_tables):
    return await an_event(starts_at=SOON, ends_at=SOON + timedelta(hours=5), partners=("aito",))


async def test_an_event_is_planned_opened_and_closed(tent):
    client = await signed_in("alliance_marketer")
    said = {
        "name": "第二场",
        "code": "second",
        "starts": "2037-05-01 10:00",
        "ends": "2037-05-01 18:00",
        "city": "成都市武侯区",
        "capacity": "40",
    }

    planned = await client.post("/campaigns/tent/events", data=said)
    await client.post("/events/second/opening")

    assert planned.headers["location"] == "/events/second"
    [row] = await fetch("select starts_at, starts_on, region, capacity, is_open from event where code = 'second'")
    assert row["starts_at"] == datetime(2037, 5, 1, 2, tzinfo=UTC)
    assert (str(row["starts_on"]), row["region"], row["capacity"], row["is_open"]) == ("2037-05-01", "510107", 40, True)
    await client.post("/events/second/closing")
    assert await value("select is_open from event where code = 'second'") is False


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"code": "a b"}, "code"),
        ({"code": "tent"}, "code"),
        ({"name": ""}, "name"),
        ({"ends": "2037-04-01"}, "ends"),
        ({"starts": "soon"}, "starts"),
        ({"city": "nowhere at all"}, "city"),
        ({"capacity": "0"}, "capacity"),
    ],
)
async def test_what_makes_no_event_is_told_at_its_field(tent, facts, field):
    usual = {"name": "第二场", "code": "second", "starts": "2037-05-01"}

    answer = await (await signed_in("alliance_marketer")).post("/campaigns/tent/events", data=usual | facts)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


async def test_a_change_over_somebody_elses_is_refused(tent):
    client, said = await signed_in("alliance_marketer"), {"name": "改名", "starts": "2037-05-01"}

    first, second = [await client.post("/events/tent", data=said | {"version": tent.version}) for _ in range(2)]

    assert (first.status_code, second.status_code) == (303, 409)


async def test_fewer_places_than_are_taken_are_refused_with_the_number(tent):
    slot = await a_slot(tent, starts_at=SOON, places=2)
    for _ in range(2):
        await books(tent, slot)
    starts = f"{SOON.astimezone(tent.zone):%Y-%m-%d %H:%M}"

    answer = await (await signed_in("alliance_marketer")).post(
        f"/events/tent/slots/{slot.id}",
        data={"kind": "test_drive", "model": "M9", "starts": starts, "minutes": 40, "places": 1},
    )

    assert (answer.status_code, "2 places are taken" in answer.text) == (409, True)
    assert await value("select places from slot") == 2


async def test_a_slot_outside_the_event_is_refused(tent):
    answer = await (await signed_in("alliance_marketer")).post(
        "/events/tent/slots", data={"kind": "session", "starts": "2037-05-01 10:00", "minutes": 40, "places": 5}
    )

    assert (answer.status_code, 'id="starts-error"' in answer.text) == (422, True)


async def test_a_brand_sees_the_events_of_campaigns_it_has_a_part_in(tent):
    mine, others = await signed_in("brand_marketer", brand="aito"), await signed_in("brand_marketer", brand="luxeed")

    assert "联合展" in (await mine.get("/events")).text
    assert "联合展" not in (await others.get("/events")).text
    assert [(await client.get("/events/tent")).status_code for client in (mine, others)] == [200, 404]


async def test_an_analyst_reads_figures_and_is_led_to_no_guest(tent):
    page = (await (await signed_in("analyst")).get("/events/tent")).text

    assert "/guests" not in page


async def test_an_event_that_a_lead_named_in_chinese_can_be_worked_on(tent):
    async with transaction():
        await occasions.event_of("成都车展 二号馆", campaign="tent", at=SOON)
    client = await signed_in("alliance_marketer")

    opened = await client.post("/events/成都车展 二号馆/opening")

    assert opened.status_code == 303
    assert (await client.get(opened.headers["location"])).status_code == 200
