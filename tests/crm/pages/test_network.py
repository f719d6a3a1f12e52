"""Stores and dealers as staff see them: found, drawn, changed with care, and never another brand's."""

import re
from datetime import UTC, datetime

import pytest

from crm.network import local_day
from leads import journey
from tests.cast import CHENGDU, a_lead, another_phone, fetch, open_chengdu, says, signed_in, stands, value, wants

TWO_BRANDS = CHENGDU.replace("user_centre,aito,510107,104.0650", "user_centre,aito;luxeed,510107,104.0650")
CHANGE = {"daily_capacity": "60", "weight": "2", "opens": "08:30", "closes": "20:00", "version": "1"}


@pytest.fixture(autouse=True)
async def chengdu(tmp_path):
    await open_chengdu(tmp_path, stores=TWO_BRANDS)


def inside(page):
    return page.text.partition('id="main"')[2].partition("</main>")[0]


def stores_on(page):
    return set(re.findall(r"/stores/(S\d)\"", inside(page)))


async def test_the_list_names_every_store_with_its_day():
    await a_lead(at=datetime.now(UTC))

    page = await (await signed_in("alliance_marketer")).get("/stores")

    assert page.status_code == 200
    assert stores_on(page) == {"S1", "S2", "S3"}
    assert "1 of 50" in page.text
    assert "武侯区, 成都市" in page.text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("q=二号", {"S2"}),
        ("q=成都", {"S1", "S2", "S3"}),
        ("q=s3", {"S3"}),
        ("q=%25", set()),
        ("brand=luxeed", {"S1", "S3"}),
        ("kind=experience_centre", {"S3"}),
        ("capability=delivery", {"S1"}),
        ("region=510100&brand=aito", {"S1", "S2"}),
        ("region=310000", set()),
        ("dealer=D2", {"S2"}),
        ("load=late", set()),
    ],
)
async def test_the_list_is_narrowed(asked, found):
    page = await (await signed_in("auditor")).get(f"/stores?{asked}")

    assert stores_on(page) == found
    assert bool(found) != ("No store matches" in page.text)


async def test_the_map_shows_the_same_stores():
    browser = await signed_in("alliance_marketer")

    closer = await browser.get("/stores?view=map&box=104.06,30.56,104.07,30.58")

    assert stores_on(closer) == {"S1", "S2", "S3"}
    assert (await browser.get("/stores?view=map&box=nonsense")).status_code == 200
    assert "1 store here" in (await browser.get("/stores?view=map&q=S2")).text


async def test_a_brand_sees_its_stores_alone_and_of_others_a_number():
    browser = await signed_in("brand_marketer", brand="aito")

    page = await browser.get("/stores")

    assert stores_on(page) == {"S1", "S2"}
    assert 'data-brand="luxeed"' not in inside(page)
    # Not even by asking which of its stores sell another brand.
    assert stores_on(await browser.get("/stores?brand=luxeed")) == set()
    one = await browser.get("/stores/S1")
    assert "and 1 other brand" in one.text
    assert 'data-brand="luxeed"' not in inside(one)


@pytest.mark.parametrize(
    "path", ["/stores/S3", "/stores/S3/load", "/stores/none", "/stores/%00", "/dealers/none", "/dealers/%00"]
)
async def test_what_is_out_of_scope_is_not_there(path):
    assert (await (await signed_in("brand_marketer", brand="aito")).get(path)).status_code == 404


async def test_a_region_sees_its_own_stores():
    assert stores_on(await (await signed_in("regional_manager", region="310000")).get("/stores")) == set()
    assert stores_on(await (await signed_in("regional_manager", region="510000")).get("/stores")) == {"S1", "S2"}


async def test_a_store_page_has_its_load_for_those_without_scripts():
    await a_lead(at=datetime.now(UTC))
    browser = await signed_in("alliance_marketer")

    page, load = await browser.get("/stores/S1"), await browser.get("/stores/S1/load")

    assert 'href="/stores/S1/load"' in page.text
    assert "Fair share, last 7 days" in load.text
    part = await browser.get("/stores/S1/load", headers={"hx-request": "true"})
    assert part.text.lstrip().startswith("<div")


async def test_a_brands_figures_are_its_own():
    at = datetime.now(UTC)
    for number in range(4):
        await a_lead(
            at=at,
            person={"phone": another_phone(number)},
            interests=[wants("luxeed")],
            consents=[says(True, "luxeed")],
        )

    mine = await (await signed_in("brand_marketer", brand="aito")).get("/stores/S1/load")

    assert "No decision of the last 7 days" in mine.text
    assert "No offers yet" in mine.text
    assert 'data-brand="luxeed"' not in inside(mine)


async def test_a_change_is_a_version_of_the_network_and_in_the_history():
    browser, before = await signed_in("alliance_marketer"), await value("select max(id) from network_version")

    answer = await browser.post("/stores/S1/changes", data=CHANGE)

    assert answer.status_code == 303
    [store] = await fetch("select daily_capacity, weight, opens, closes, version from store where code = 'S1'")
    assert [str(one) for one in store] == ["60", "2", "08:30:00", "20:00:00", "2"]
    assert await value("select max(id) from network_version") > before
    details = await value("select details::text from history_entry where action = 'store_changed'")
    assert "50 → 60" in details


async def test_a_change_that_changes_nothing_is_none():
    before = await value("select max(id) from network_version")
    same = {"daily_capacity": "50", "weight": "1", "opens": "09:00", "closes": "18:00", "version": "1"}

    await (await signed_in("alliance_marketer")).post("/stores/S1/changes", data=same)

    assert await value("select max(id) from network_version") == before
    assert await value("select version from store where code = 'S1'") == 1


async def test_leads_that_waited_for_room_are_looked_at_again():
    at = datetime.now(UTC)
    await fetch("update store set daily_capacity = 0")
    await fetch("insert into network_version (at, cause) values ($1, 'no room')", at)
    lead = await a_lead(at=at)
    assert await stands(lead) == [("cleared", "no_capacity")]

    await (await signed_in("alliance_marketer")).post("/stores/S1/changes", data=CHANGE)
    await journey.notice_network(at)
    await journey.advance_due(at)

    assert (await stands(lead))[0][0] == "offered"


async def test_whoever_saves_over_anothers_change_sees_both_and_loses_nothing():
    browser = await signed_in("alliance_marketer")
    await browser.post("/stores/S1/changes", data=CHANGE)

    meanwhile = await browser.post("/stores/S1/changes", data=CHANGE | {"daily_capacity": "70"})

    assert meanwhile.status_code == 409
    assert "<td>60</td><td>70</td>" in meanwhile.text
    assert 'value="70"' in meanwhile.text
    assert await value("select daily_capacity from store where code = 'S1'") == 60
    assert (
        await browser.post("/stores/S1/changes", data=CHANGE | {"daily_capacity": "70", "version": "2"})
    ).is_redirect
    assert await value("select daily_capacity from store where code = 'S1'") == 70


@pytest.mark.parametrize(
    "wrong", [{"daily_capacity": "-1"}, {"weight": "0"}, {"opens": "25:00"}, {"opens": "21:00"}, {"closes": "soon"}]
)
async def test_what_no_store_can_have_is_refused_at_its_field(wrong):
    answer = await (await signed_in("alliance_marketer")).post("/stores/S1/changes", data=CHANGE | wrong)

    assert answer.status_code == 422
    assert "data-errors" in answer.text
    assert await value("select version from store where code = 'S1'") == 1


@pytest.mark.parametrize("role", ["brand_marketer", "regional_manager", "auditor"])
async def test_who_may_only_look_changes_and_reminds_nobody(role):
    browser = await signed_in(role)

    assert "<form" not in inside(await browser.get("/stores/S1"))
    assert (await browser.post("/stores/S1/changes", data=CHANGE)).status_code == 403
    assert (await browser.post("/stores/S1/reminders")).status_code == 403


@pytest.mark.parametrize("role", ["store", "event_desk", "analyst"])
async def test_others_have_no_network(role):
    browser = await signed_in(role)

    assert {(await browser.get(path)).status_code for path in ("/stores", "/stores/S1", "/dealers/D1")} == {403}


async def test_a_reminder_goes_back_to_where_it_was_asked_for():
    browser = await signed_in("alliance_marketer")
    late = {"referer": "https://marquee.test/queues/late?after=1"}

    assert (await browser.post("/stores/S1/reminders", headers=late)).headers["location"] == "/queues/late?after=1"
    for elsewhere in ("https://evil.test/x", "https://marquee.test//evil.test"):
        answer = await browser.post("/stores/S1/reminders", headers={"referer": elsewhere})
        assert answer.headers["location"] == "/stores/S1"


async def test_a_dealer_shows_its_stores_as_far_as_the_brand_goes():
    whole = await (await signed_in("alliance_marketer")).get("/dealers/D1")
    luxeed = await (await signed_in("brand_marketer", brand="luxeed")).get("/dealers/D1")

    assert (stores_on(whole), stores_on(luxeed)) == ({"S1", "S3"}, {"S1", "S3"})
    assert (await (await signed_in("brand_marketer", brand="luxeed")).get("/dealers/D2")).status_code == 404


async def test_former_operators_stay_readable(tmp_path):
    await fetch("update store_operator set valid_from_on = $1 where true", local_day(datetime(2025, 1, 1, tzinfo=UTC)))
    await fetch(
        "update store_operator set valid_until_on = $1 from store where store.id = store and code = 'S2'",
        local_day(datetime(2025, 6, 1, tzinfo=UTC)),
    )

    page = await (await signed_in("alliance_marketer")).get("/stores/S2")

    assert "ended 2025-06-01" in page.text


async def test_it_speaks_chinese_all_the_way():
    browser = await signed_in("alliance_marketer")

    browser.cookies.set("lang", "zh-Hans")

    for path in ("/stores", "/stores?view=map", "/stores/S1", "/stores/S1/load", "/dealers/D1"):
        text = re.sub(r"<[^>]+>", " ", f"<main{inside(await browser.get(path))}")
        assert not re.findall(r"[A-Za-z]{4,}", text)
