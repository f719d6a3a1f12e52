"""The first page: each role gets its own, figures lead to their lists, and only what changes comes again."""

import re
from datetime import UTC, datetime

import pytest

from crm.database import transaction
from tests.cast import LI, MINUTE, a_lead, browser, open_chengdu, signed_in, wants


@pytest.fixture(autouse=True)
async def three_stores(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def page(role, address="/", **limits):
    async with await signed_in(role, **limits) as client:
        answer = await client.get(address, headers={"accept-language": "en"})
    assert answer.status_code == 200, answer.status_code
    return answer.text


async def test_whoever_is_not_signed_in_is_sent_to_the_door():
    answer = await browser().get("/")

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_a_store_starts_at_its_own_desk():
    answer = await (await signed_in("store")).get("/")

    assert (answer.status_code, answer.headers["location"]) == (303, "/my-store")


async def test_every_figure_leads_to_its_list():
    await a_lead(at=datetime.now(UTC) - 40 * MINUTE)

    tiles = re.findall(r'<a class="mq-tile" href="([^"]+)"', await page("alliance_marketer"))

    assert tiles[0] == "/leads?since=today"
    assert tiles[-2:] == ["/queues/late", "/queues/held"]


@pytest.mark.parametrize(
    ("role", "there", "missing"),
    [
        ("alliance_marketer", ["Leads today", "For you to do", "Brands today", "Just now"], ["You entered"]),
        ("event_desk", ["Leads today", "You entered nobody yet"], ["For you to do", "Brands today", "Just now"]),
        ("analyst", ["Brands today"], ["Leads today", "For you to do", "Just now", "/leads", "Register a lead"]),
        ("auditor", ["Leads today", "Just now"], ["For you to do", "Register a lead", "/queues"]),
    ],
)
async def test_a_role_finds_what_it_may_see_and_no_more(role, there, missing):
    shown = await page(role)

    assert [text for text in there if text not in shown] == []
    assert [text for text in missing if text in shown] == []


async def test_somebody_of_a_brand_sees_the_work_of_that_brand():
    at = datetime.now(UTC) - 40 * MINUTE
    aito = await a_lead(at=at)
    luxeed = await a_lead(at=at, person=LI, interests=[wants("luxeed")], consents=[])

    shown = await page("brand_marketer", brand="luxeed")

    assert (f"/leads/{luxeed}" in shown, f"/leads/{aito}" in shown) == (True, False)


async def test_the_wall_comes_again_only_when_there_is_news():
    await a_lead(at=datetime.now(UTC) - MINUTE)
    async with await signed_in("alliance_marketer") as client:
        wall = await client.get("/today/wall")
        [newest] = re.findall(r"newest=([\w-]+)", wall.text)

        again = await client.get(f"/today/wall?newest={newest}")

    assert (wall.status_code, again.status_code, "<html" in wall.text) == (200, 204, False)


async def test_the_panel_shows_one_kind_of_work_when_asked():
    await a_lead(at=datetime.now(UTC) - MINUTE, consents=[])

    held, late = await page("alliance_marketer", "/?queue=held"), await page("alliance_marketer", "/?queue=late")

    assert ("Held: no consent" in held, "Nothing waits for you" in late) == (True, True)


async def test_figures_of_campaigns_come_after_the_page_and_stand_on_one_of_their_own():
    await a_lead(at=datetime.now(UTC) - MINUTE)
    async with transaction() as connection:
        await connection.execute("update campaign set starts_on = current_date - 2, ends_on = current_date + 2")

    home, alone = await page("analyst"), await page("analyst", "/today/campaigns")

    assert ('hx-get="/today/campaigns"' in home, "mq-funnel" in home) == (True, False)
    assert ("mq-funnel" in alone, "/leads?campaign" in alone) == (True, False)


async def test_the_tiles_of_somebody_who_sees_no_leads_are_refused_and_not_broken():
    answer = await (await signed_in("analyst")).get("/today/figures")

    assert answer.status_code == 403
