"""Imports in the browser: five steps that also work without scripts, for those who may, with every refusal said kindly."""

import pytest

from leads.imports import files
from tests.cast import CHENGDU, open_chengdu, signed_in, value
from tests.leads.imports.sheets import differences, line, seen, sheet, work

GOOD_AND_BAD = sheet(line(1), line(2), line(3, phone="1.38E+10"))
XLSX = b"PK\x03\x04" + bytes(100)


@pytest.fixture
async def browser(clean_tables, tmp_path):
    await open_chengdu(tmp_path)
    return await signed_in("alliance_marketer")


async def send(browser, content, *, subject="leads", name="desk.csv", **facts):
    said = {"subject": subject, "source": "desk"} | facts
    return await browser.post("/imports", data=said, files={"file": (name, content, "text/csv")})


async def uploaded(browser, content, **facts):
    answer = await send(browser, content, **facts)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def chosen(page):
    """What the columns of a form are read as, in their order."""
    selects = page.split('name="field"')[1:]
    return [
        one.split("</select>")[0].split(" selected")[0].rsplit('value="', 1)[1].split('"')[0]
        if " selected" in one.split("</select>")[0]
        else ""
        for one in selects
    ]


async def checked(browser, content, **facts):
    address = await uploaded(browser, content, **facts)
    fields = chosen((await browser.get(address)).text)
    answer = await browser.post(f"{address}/columns", data={"field": fields, "source": "desk", "mode": "offer"})
    assert answer.status_code == 303, answer.text
    await work()
    return address


async def test_a_file_goes_through_five_steps_without_scripts(browser):
    before = await seen()
    address = await checked(browser, GOOD_AND_BAD)
    page = (await browser.get(address)).text
    assert "Import 2 leads" in page
    assert "The spreadsheet rounded this number" in page

    assert (await browser.post(f"{address}/running")).status_code == 303
    assert "Waiting for its turn" in (await browser.get(address)).text
    await work()
    assert await value("select count(*) from lead") == 2
    assert "Take back 2 leads" in (await browser.get(f"{address}/undoing")).text
    await browser.post(f"{address}/undoing")
    await work()

    assert "Everything that this import made is gone" in (await browser.get(address)).text
    assert differences(before, await seen()) == {}


async def test_a_workbook_and_an_empty_form_come_back_with_what_to_do(browser):
    workbook = await send(browser, XLSX, name="desk.xlsx")
    nothing = await browser.post("/imports", data={"subject": "leads"}, files={"file": ("", b"", "text/csv")})

    assert (workbook.status_code, nothing.status_code) == (422, 422)
    assert "it is an Excel workbook; save it as CSV UTF-8" in workbook.text
    assert "Please choose a file." in nothing.text
    assert await value("select count(*) from import") == 0


async def test_a_file_beyond_20_mb_is_refused_in_a_sentence(browser):
    answer = await send(browser, b"a,b\n" * (files.LARGEST // 4 + 200_000))

    assert answer.status_code == 413
    assert "larger than 20 MB" in answer.text


async def test_columns_without_a_registration_number_come_back_with_what_is_missing(browser):
    address = await uploaded(browser, sheet(line(1)))
    fields = ["" if one == "registration" else one for one in chosen((await browser.get(address)).text)]

    answer = await browser.post(f"{address}/columns", data={"field": fields, "source": "desk", "mode": "offer"})

    assert answer.status_code == 422
    assert "Say which column is the registration number" in answer.text
    assert chosen(answer.text) == fields


async def test_the_page_shows_no_cell_of_the_file(browser):
    address = await checked(
        browser, sheet(line(1, name="欧阳测", phone="13911199999"), line(2, name="欧阳测", phone="123456"))
    )
    pages = [(await browser.get(f"{address}{query}")).text for query in ("", "?fate=new", "?step=columns")]

    assert not any(secret in page for page in pages for secret in ("欧阳", "13911199999", "123456"))


async def test_rows_are_turned_page_by_page_within_their_fate(browser):
    address = await checked(browser, sheet(*(line(n) for n in range(60))))

    first = (await browser.get(f"{address}?fate=new")).text
    second = (await browser.get(f"{address}?fate=new&after=51")).text

    assert ("Rows 2 to 51" in first, "Rows 52 to 61" in second) == (True, True)
    assert "before=52" in second
    assert "Rows 2 to 51" in (await browser.get(f"{address}?fate=new&before=52")).text


async def test_while_a_worker_has_it_the_page_asks_for_its_part_every_second(browser):
    address = await checked(browser, sheet(line(1)))
    await browser.post(f"{address}/running")

    part = await browser.get(address, headers={"hx-request": "true"})

    assert part.text.lstrip().startswith('<div id="import"')
    assert 'hx-trigger="every 1s"' in part.text
    await work()
    assert "hx-trigger" not in (await browser.get(address, headers={"hx-request": "true"})).text


async def test_the_rows_to_mend_are_a_file_to_take_away_in_ones_own_language(browser):
    address = await checked(browser, GOOD_AND_BAD)

    answer = await browser.get(f"{address}/errors", headers={"accept-language": "zh"})

    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''desk.errors.csv")
    assert answer.content.decode("utf-8-sig").splitlines()[1].startswith('"手机: 表格软件把这个号码四舍五入了')
    assert await value("select count(*) from history_entry where action = 'import_errors_taken'") == 1


async def test_what_people_type_into_headers_and_names_never_runs(browser):
    script = "<script>alert(1)</script>"
    content = sheet(line(1)).replace("备注".encode("gb18030"), script.encode())
    address = await uploaded(browser, content, name=f"{script}.csv")

    pages = [(await browser.get(path)).text for path in (address, "/imports")]

    assert not any(script in page for page in pages)


async def test_stores_are_seen_row_by_row_before_they_change(browser):
    changed = CHENGDU.replace("S2,成都二号店,D2", "S2,成都二号店,D1").encode()
    address = await checked(browser, changed, subject="stores")

    page = (await browser.get(f"{address}?fate=changed")).text

    assert "dealer_code: D2 → D1" in page
    assert "Change 1 stores" in page
    await browser.post(f"{address}/running")
    await work()
    assert "An import of stores cannot be undone" in (await browser.get(address)).text


@pytest.mark.parametrize("role", ["brand_marketer", "regional_manager", "event_desk", "analyst", "auditor"])
async def test_whoever_may_not_import_sees_nothing_of_it(browser, role):
    address = await checked(browser, sheet(line(1)))
    other = await signed_in(role)

    refused = [await other.get("/imports"), await other.get(address), await other.post(f"{address}/running")]

    assert {answer.status_code for answer in refused} == {403}


async def test_the_list_turns_its_pages(browser, monkeypatch):
    monkeypatch.setattr("leads.imports.showing.PAGE", 1)
    first, second = [await uploaded(browser, sheet(line(n))) for n in (1, 2)]

    newest = (await browser.get("/imports")).text
    older = (await browser.get(f"/imports?after={second.rsplit('/', 1)[1]}")).text

    assert (second in newest, first in newest, first in older) == (True, False, True)
    assert second in (await browser.get(f"/imports?before={first.rsplit('/', 1)[1]}")).text
