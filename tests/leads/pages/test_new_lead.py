"""A lead written down by hand goes the same way as every other, and tells its writer of nobody they may not know."""

import re

import pytest

from tests.cast import WANG, a_lead, fetch, open_chengdu, signed_in, stands, value, wants, work

AGREED = ["share_with_dealer"]
KNOWN = "will join a record"


@pytest.fixture(autouse=True)
async def chengdu(tmp_path):
    await open_chengdu(tmp_path)


async def blank(browser):
    """The hidden fields of a fresh form."""
    page = (await browser.get("/leads/new")).text
    return dict(
        re.findall(r'<input type="hidden" name="(external_id|notice_version|notice_language)" value="([^"]*)"', page)
    )


async def written(browser, **facts):
    fields = {
        "name": "王建国",
        "phone": "137 8899 7665",
        "kind": "test_drive",
        "cars": ["aito/M9"],
        "place": "成都市武侯区",
    }
    return await browser.post("/leads/new", data={**await blank(browser), **fields, **facts})


async def test_nothing_is_ticked_beforehand_and_the_wording_is_shown_with_its_version():
    page = (await (await signed_in("alliance_marketer")).get("/leads/new")).text

    agreed = re.findall(r'<input type="checkbox" name="agreed"[^>]*>', page)
    assert len(agreed) == 3
    assert not any("checked" in box for box in agreed)
    assert "notice desk, version 1 (en)" in page
    assert "You choose each of these separately" in page


async def test_it_goes_the_whole_way_and_carries_its_writers_name():
    browser = await signed_in("event_desk")

    made = await written(browser, agreed=AGREED)

    assert made.status_code == 303
    lead = await value("select id from lead")
    assert made.headers["location"] == f"/leads/{lead}"
    assert await value("select entered_by from lead") == await value("select id from staff where role = 'event_desk'")
    assert await value("select source.code from lead join source on source.id = source") == "desk-by-hand"
    await work(await value("select now()"))
    assert (await stands(lead))[0][0] == "offered"
    assert (await browser.get(f"/leads/{lead}")).status_code == 200


async def test_what_was_ticked_is_kept_with_the_wording_for_the_brands_named():
    await written(
        await signed_in("alliance_marketer"),
        cars=["aito/M9", "luxeed"],
        agreed=["share_with_dealer", "share_with_brand"],
    )

    kept = await fetch(
        "select purpose, brand.code, notice_version.version, notice_version.language from consent"
        " join brand on brand.id = brand join notice_version on notice_version.id = notice_version order by 1, 2"
    )
    assert [tuple(row) for row in kept] == [
        ("share_with_brand", "aito", "1", "en"),
        ("share_with_brand", "luxeed", "1", "en"),
        ("share_with_dealer", "aito", "1", "en"),
        ("share_with_dealer", "luxeed", "1", "en"),
    ]


async def test_what_stays_open_is_no_answer():
    await written(await signed_in("alliance_marketer"))

    assert await value("select count(*) from consent") == 0


async def test_the_same_form_twice_is_one_lead():
    browser = await signed_in("alliance_marketer")
    form = {**await blank(browser), "phone": "13788997665", "kind": "buy", "cars": ["aito"]}

    first, second = await browser.post("/leads/new", data=form), await browser.post("/leads/new", data=form)

    assert first.headers["location"] == second.headers["location"]
    assert await value("select count(*) from lead") == 1


async def test_anothers_form_sent_again_tells_nothing_of_their_lead():
    mine, theirs = await signed_in("alliance_marketer"), await signed_in("brand_marketer", brand="aito")
    form = {**await blank(mine), "phone": "13788997665", "kind": "buy", "cars": ["aito"]}
    await mine.post("/leads/new", data=form)

    assert (await theirs.post("/leads/new", data=form)).status_code == 422


async def test_without_a_contact_the_form_comes_back_with_what_was_typed():
    browser = await signed_in("alliance_marketer")

    met = await written(browser, phone="", remark="周末 <b>", agreed=AGREED)

    assert met.status_code == 422
    assert 'href="#phone"' in met.text
    assert 'value="王建国"' in met.text
    assert "周末 &lt;b&gt;</textarea>" in met.text
    assert re.search(r'value="share_with_dealer" checked', met.text)
    assert await value("select count(*) from lead") == 0


async def test_a_number_that_is_none_is_told_at_its_field():
    met = await written(await signed_in("alliance_marketer"), phone="12")

    assert met.status_code == 422
    assert 'id="phone-error"' in met.text


async def test_a_name_of_several_places_asks_which_one():
    browser = await signed_in("alliance_marketer")

    met = await written(browser, place="鼓楼区")
    assert met.status_code == 422
    assert 'value="320106"' in met.text

    made = await written(browser, place="鼓楼区", region="320106")
    assert made.status_code == 303
    assert await value("select region from lead") == "320106"


async def test_an_answer_needs_the_brands_it_is_for():
    met = await written(await signed_in("alliance_marketer"), cars=[], agreed=AGREED)

    assert met.status_code == 422
    assert "Choose the car first" in met.text


async def test_a_brand_writes_down_wishes_for_itself_alone():
    browser = await signed_in("brand_marketer", brand="aito")

    assert 'value="luxeed"' not in (await browser.get("/leads/new")).text.partition('id="main"')[2]
    assert (await written(browser, cars=["luxeed"])).status_code == 422


async def test_the_store_they_asked_for_is_named_by_code():
    await written(await signed_in("alliance_marketer"), preferred_store="s2")

    assert await value("select store.code from interest join store on store.id = preferred_store") == "S2"


async def test_a_store_that_sells_none_of_it_is_refused_at_its_field():
    met = await written(await signed_in("alliance_marketer"), preferred_store="S3")

    assert met.status_code == 422
    assert 'href="#preferred_store"' in met.text


async def hint(browser, phone=WANG["phone"]):
    return (
        await browser.post(
            "/leads/new/known", data={"external_id": "x", "phone": phone}, headers={"hx-request": "true"}
        )
    ).text


async def test_a_known_number_is_told_to_whom_the_person_is_visible():
    await a_lead()

    assert KNOWN in await hint(await signed_in("alliance_marketer"))
    assert KNOWN in await hint(await signed_in("brand_marketer", brand="aito"))
    assert KNOWN not in await hint(await signed_in("alliance_marketer"), "13912345671")


async def test_a_number_known_to_another_brand_alone_looks_new():
    await a_lead(interests=[wants("luxeed")], consents=[])
    aito = await signed_in("brand_marketer", brand="aito")

    assert await hint(aito) == await hint(aito, "13912345671")
    assert KNOWN not in await hint(await signed_in("event_desk"))


async def test_the_last_digits_alone_find_nobody():
    await a_lead()

    assert KNOWN not in await hint(await signed_in("alliance_marketer"), WANG["phone"][-4:])


@pytest.mark.parametrize("role", ["auditor", "analyst", "regional_manager", "store"])
async def test_who_may_not_create_leads_gets_no_form(role):
    assert (await (await signed_in(role)).get("/leads/new")).status_code == 403
