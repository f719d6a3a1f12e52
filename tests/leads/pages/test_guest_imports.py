"""Lists of guests in the browser: five steps that also work without scripts, by whoever may, for the guests of their own brand."""

import html
from datetime import UTC, datetime, timedelta

import pytest

from crm import languages
from leads.imports import working
from tests.campaigns.registering.coming import a_slot, an_event
from tests.cast import signed_in, value
from tests.leads.imports.guest_lists import guest, guests, seen
from tests.leads.imports.sheets import differences
from tests.leads.pages.test_imports import chosen

LISTS = "/campaigns/tent/guests/imports"
SOON = datetime.now(UTC).replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=20)
GOOD_AND_BAD = guests(guest(1, slot="14:00"), guest(2), guest(3), guest(4, phone="1.38E+10"))


async def work():
    total = 0
    while done := await working.advance(datetime.now(UTC)):
        total += done
    return total


@pytest.fixture
async def event(clean_tables):
    event = await an_event(starts_at=SOON, ends_at=SOON + timedelta(hours=5), capacity=2, partners=("aito", "luxeed"))
    await a_slot(event, starts_at=SOON)
    return event


@pytest.fixture
async def browser(event):
    return await signed_in("alliance_marketer")


async def send(browser, content, *, event="tent", name="guests.csv"):
    return await browser.post(LISTS, data={"event": event}, files={"file": (name, content, "text/csv")})


async def uploaded(browser, content, **facts):
    answer = await send(browser, content, **facts)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def checked(browser, content, **facts):
    address = await uploaded(browser, content, **facts)
    answer = await browser.post(f"{address}/columns", data={"field": chosen((await browser.get(address)).text)})
    assert answer.status_code == 303, answer.text
    await work()
    return address


async def brought_in(browser, content):
    address = await checked(browser, content)
    await browser.post(f"{address}/running")
    await work()
    return address


async def page_of(browser, path):
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.status_code
    return html.unescape(answer.text)


async def test_a_list_goes_through_five_steps_without_scripts(browser):
    before = await seen()
    address = await checked(browser, GOOD_AND_BAD)
    page = await page_of(browser, address)
    assert "Register 3 guests" in page
    assert "guests for whom no place is left" in page
    assert differences(before, await seen()) == {}

    await browser.post(f"{address}/running")
    await work()
    page = await page_of(browser, address)
    assert "Write to 3 guests" in page
    assert await value("select count(*) from guest_message") == 0
    assert "Take back 3 guests" in await page_of(browser, f"{address}/undoing")
    await browser.post(f"{address}/undoing")
    await work()

    assert "Everything that this import made is gone" in await page_of(browser, address)
    assert differences(before, await seen()) == {}


async def test_guests_are_written_to_when_somebody_presses_the_button(browser):
    address = await brought_in(browser, GOOD_AND_BAD)

    answer = await browser.post(f"{address}/telling")

    assert answer.headers["location"] == address
    assert await value("select count(*) from guest_message where due_at < now() + interval '1 day'") == 3
    page = await page_of(browser, address)
    assert ("Write to" in page, "The guests were written to" in page) == (False, True)


async def test_a_row_leads_to_its_guest(browser):
    address = await brought_in(browser, guests(guest(1)))

    page = await page_of(browser, f"{address}?fate=registered")

    assert f"/guests/{await value('select id from registration')}" in page


async def test_every_page_speaks_chinese(browser):
    address = await checked(browser, GOOD_AND_BAD)
    pages = [
        await page_of(browser, f"{path}lang=zh")
        for path in (f"{address}?", f"{LISTS}?", f"{LISTS}/new?", f"{address}?fate=error&")
    ]
    languages.speak("en")

    for page, text in zip(
        pages, ("将列入候补", "导入的嘉宾名单", "导入嘉宾名单", "表格软件把这个号码四舍五入了"), strict=True
    ):
        assert text in page


async def test_what_is_no_list_comes_back_with_what_to_do(browser, event):
    workbook = await send(browser, b"PK\x03\x04" + bytes(100), name="guests.xlsx")
    nothing = await browser.post(LISTS, data={"event": "tent"}, files={"file": ("", b"", "text/csv")})
    elsewhere = await send(browser, GOOD_AND_BAD, event="nowhere")

    assert [answer.status_code for answer in (workbook, nothing, elsewhere)] == [422, 422, 404]
    assert "it is an Excel workbook; save it as CSV UTF-8" in workbook.text
    assert "Please choose a file." in nothing.text
    assert await value("select count(*) from import") == 0


async def test_an_event_of_another_campaign_is_not_there(browser):
    await an_event("hall", starts_at=SOON, ends_at=SOON + timedelta(hours=5))

    assert (await send(browser, GOOD_AND_BAD, event="hall")).status_code == 404


async def test_a_list_without_a_contact_comes_back_with_what_is_missing(browser):
    address = await uploaded(browser, GOOD_AND_BAD)
    fields = ["" if one in ("phone", "email") else one for one in chosen((await browser.get(address)).text)]

    answer = await browser.post(f"{address}/columns", data={"field": fields})

    assert answer.status_code == 422
    assert "Say which column is the phone number or the e-mail address." in answer.text


async def test_a_brand_meets_its_own_lists_alone(browser):
    aito, luxeed = [await signed_in("brand_marketer", brand=brand) for brand in ("aito", "luxeed")]
    mine = await brought_in(aito, guests(guest(1)))
    by_the_alliance = await brought_in(browser, guests(guest(2)))

    listed = {
        name: await page_of(client, LISTS) for name, client in (("aito", aito), ("luxeed", luxeed), ("all", browser))
    }

    assert [mine in listed[name] for name in ("aito", "luxeed", "all")] == [True, False, True]
    assert by_the_alliance not in listed["aito"]
    answers = [
        await luxeed.get(mine),
        await luxeed.get(f"{mine}/errors"),
        await luxeed.post(f"{mine}/undoing"),
        await luxeed.post(f"{mine}/telling"),
        await aito.get(by_the_alliance),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert (await browser.get(mine)).status_code == 200


async def test_nobody_learns_that_another_brand_brought_the_very_same_list(browser):
    aito, luxeed = [await signed_in("brand_marketer", brand=brand) for brand in ("aito", "luxeed")]
    content = guests(guest(1, car=""))
    await brought_in(aito, content)

    again, theirs = [await page_of(client, await checked(client, content)) for client in (aito, luxeed)]

    assert ["This very file was imported before." in page for page in (again, theirs)] == [True, False]


async def test_a_brand_does_not_meet_the_campaign_of_others(browser):
    stranger = await signed_in("brand_marketer", brand="maextro")

    assert (await send(stranger, GOOD_AND_BAD)).status_code == 404
    assert (await stranger.get(LISTS)).status_code == 404


async def test_a_brands_guests_without_a_car_are_its_own_guests(browser):
    aito = await signed_in("brand_marketer", brand="aito")
    await brought_in(aito, guests(guest(1, car=""), guest(2, car="智界R7")))

    assert "1 guests" in await page_of(aito, "/campaigns/tent/guests")


@pytest.mark.parametrize("role", ["regional_manager", "event_desk", "analyst", "auditor"])
async def test_whoever_may_not_import_sees_nothing_of_it(browser, role):
    address = await checked(browser, guests(guest(1)))
    other = await signed_in(role)

    refused = [await other.get(LISTS), await other.get(address), await other.post(f"{address}/running")]

    assert {answer.status_code for answer in refused} == {403}


async def test_lists_of_guests_are_not_among_files_of_leads_but_found_from_there(browser):
    address = await checked(browser, guests(guest(1)))
    number = address.rpartition("/")[2]

    assert address not in await page_of(browser, "/imports")
    assert (await browser.get(f"/imports/{number}")).headers["location"] == address
    assert (await browser.post(f"/imports/{number}/running")).status_code == 404


async def test_what_people_type_into_headers_and_names_never_runs(browser):
    script = "<script>alert(1)</script>"
    content = guests(guest(1)).replace("语言".encode("gb18030"), script.encode())
    address = await uploaded(browser, content, name=f"{script}.csv")

    pages = [(await browser.get(path)).text for path in (address, LISTS)]

    assert not any(script in page for page in pages)


async def test_who_took_the_rows_to_mend_is_noted(browser):
    address = await checked(browser, GOOD_AND_BAD)

    answer = await browser.get(f"{address}/errors")

    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''guests.errors.csv")
    assert await value("select count(*) from history_entry where action = 'import_errors_taken'") == 1
