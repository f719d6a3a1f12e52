"""The list of leads in a browser: its address is its state, it works without scripts, and it keeps to its reader's scope."""

import re

import pytest

from leads.lists import search
from tests.cast import (
    DU,
    LI,
    MINUTE,
    NOON,
    WANG,
    a_lead,
    browser,
    fetch,
    open_chengdu,
    signed_in,
    value,
    wants,
)


@pytest.fixture(autouse=True)
async def three_stores(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


@pytest.fixture
async def marketer(three_stores):
    async with await signed_in("alliance_marketer") as client:
        yield client


async def page(client, address="/leads"):
    answer = await client.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.text


def rows(text):
    return re.findall(r'<tr id="lead-([\w-]+)"', text)


async def test_a_list_shows_its_leads_as_rows_that_lead_to_them(marketer):
    lead = await a_lead()

    text = await page(marketer)

    assert rows(text) == [str(lead)]
    assert f'data-href="/leads/{lead}"' in text
    assert 'name="lead"' in text
    assert "137****7665" in text
    assert "13788997665" not in text


async def test_the_address_is_the_state(marketer):
    aito = await a_lead()
    await a_lead(at=NOON + MINUTE, person=LI, interests=[wants("luxeed")], consents=[])

    text = await page(marketer, "/leads?brand=aito&sort=captured&columns=person,stage,source&density=comfortable")

    assert rows(text) == [str(aito)]
    assert re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?(\w+)', text) == ["Person", "Stage", "Source"]
    assert "mq-table--tight" not in text


async def test_chinese_pages_say_everything_in_chinese(marketer):
    await a_lead()

    text = await page(marketer, "/leads?lang=zh-Hans&stage=offered,sold&hold=no_place&since=today")

    for english in ("Leads", "Captured", "Columns", "Save view", "Filter", "cannot be used", "Waiting", "Clear"):
        assert not re.search(rf">[^<]*\b{english}\b", text), english


async def test_an_unknown_parameter_is_refused_and_a_wrong_value_is_told(marketer):
    assert (await marketer.get("/leads?tracking=1")).status_code == 400

    assert "cannot be used" in await page(marketer, "/leads?stage=sold")


async def test_no_lead_yet_and_no_lead_that_matches_are_two_things(marketer):
    assert "No leads yet" in await page(marketer)

    await a_lead()

    text = await page(marketer, "/leads?hold=spam")
    assert "No lead matches" in text
    assert "the list holds 1." in text


async def test_what_is_searched_for_stands_sealed_in_the_address(marketer):
    lead = await a_lead()
    await a_lead(at=NOON + MINUTE, person=LI)

    answer = await marketer.post("/leads/search", data={"q": "13788997665", "query": "campaign=chengdu-2025"})

    assert answer.status_code == 303
    there = answer.headers["location"]
    assert "13788997665" not in there
    assert "campaign=chengdu-2025" in there
    assert rows(await page(marketer, there)) == [str(lead)]


async def test_a_view_is_kept_shown_as_a_tab_renamed_and_taken_away_with_undo(marketer):
    await a_lead()
    sealed = search.sealed("王建国")
    kept = await marketer.post(
        "/views", data={"name": "Day 2", "shared": "pinned", "query": f"stage=offered&q={sealed}"}
    )
    there = kept.headers["location"]
    view = await value("select id from saved_view where query = 'stage=offered'")
    assert there == f"/leads?view={view}"
    assert re.search(r'aria-current="page"[^>]*>Day 2 <span>1</span>', await page(marketer, there))

    await marketer.post(f"/views/{view}", data={"name": "Day 3", "shared": "private", "query": "stage=offered"})
    assert "Day 3" in await page(marketer, there)

    gone = await marketer.post(f"/views/{view}/removal")
    assert f"/views/{view}/restoring" in await page(marketer, gone.headers["location"])
    assert "Day 3" not in await page(marketer)

    await marketer.post(f"/views/{view}/restoring")
    assert "Day 3" in await page(marketer, there)


async def test_a_view_without_a_name_comes_back_with_the_list_and_the_reason(marketer):
    lead = await a_lead()

    answer = await marketer.post("/views", data={"name": " ", "shared": "private", "query": "stage=offered"})

    assert answer.status_code == 422
    assert rows(answer.text) == [str(lead)]
    assert 'aria-invalid="true"' in answer.text


async def test_a_shared_address_shows_each_reader_their_own(marketer):
    await a_lead(interests=[wants("luxeed")], consents=[])
    aito = await a_lead(at=NOON + MINUTE, person=DU)

    async with await signed_in("brand_marketer") as theirs:
        assert rows(await page(theirs, "/leads?campaign=chengdu-2025")) == [str(aito)]
    assert len(rows(await page(marketer, "/leads?campaign=chengdu-2025"))) == 2


async def test_a_brands_page_masks_who_did_not_agree_to_be_known(three_stores):
    await a_lead(person=WANG)

    async with await signed_in("brand_marketer") as client:
        text = await page(client)

    assert "王**" in text
    assert "王建国" not in text


async def test_a_file_goes_out_by_cursor_and_is_noted(marketer):
    await a_lead()

    answer = await marketer.get("/leads/export?stage=offered&columns=person,phone")

    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert "王建国,137****7665" in answer.text
    assert len(await fetch("select from history_entry where action = 'leads_exported'")) == 1


@pytest.mark.parametrize(
    ("role", "page_status", "file_status"),
    [
        ("alliance_admin", 200, 200),
        ("brand_marketer", 200, 200),
        ("regional_manager", 200, 403),
        ("event_desk", 200, 403),
        ("auditor", 200, 403),
        ("analyst", 403, 403),
    ],
)
async def test_who_may_see_the_list_and_who_may_take_it_away(three_stores, role, page_status, file_status):
    await a_lead()
    async with await signed_in(role) as client:
        assert (await client.get("/leads")).status_code == page_status
        assert (await client.get("/leads/export")).status_code == file_status


async def test_nobody_sees_a_list_without_signing_in(three_stores):
    async with browser() as stranger:
        assert (await stranger.get("/leads")).status_code == 303
        assert (await stranger.get("/leads/export")).status_code in (303, 401)


async def test_a_desk_sees_what_it_entered_and_nothing_else(three_stores):
    theirs, mine = await a_lead(), await a_lead(at=NOON + MINUTE, person=LI, interests=[], consents=[])
    async with await signed_in("event_desk") as desk:
        assert rows(await page(desk)) == []
        staff = await value("select max(id) from staff")
        await value("update lead set entered_by = $1 where id = $2 returning 1", staff, mine)

        text = await page(desk)

    assert rows(text) == [str(mine)]
    assert "李娜萌" in text
    assert str(theirs) not in text
