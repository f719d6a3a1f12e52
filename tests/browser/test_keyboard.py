"""Review, import and a bulk change by the keyboard alone: no pointer is ever used."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import small_house, stage
from tests.browser.stage import PATIENCE
from tests.leads.imports.sheets import line, sheet

pytestmark = pytest.mark.skipif(stage.CHROMIUM is None, reason=stage.WHY_NOT)
FARTHEST = 120  # no page puts more stops than this before its work


@pytest.fixture
def house(fresh_database, tmp_path):
    with small_house.open_house(fresh_database.environment, fresh_database.url, log=tmp_path / "log") as there:
        yield there


@pytest.fixture
def chromium(house):
    with stage.a_browser() as browser:
        yield browser


def test_a_review_a_bulk_change_and_an_import_need_no_pointer(chromium, house, tmp_path):
    context = chromium.new_context(viewport={"width": 1366, "height": 900}, locale="en")
    stage.sign_in(context, house, "alliance_marketer")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    # From here on the browser hands choosers of files over; asked for only with the key that opens one, it may hear of it too late.
    page.on("filechooser", lambda _: None)
    page.goto(house.url)

    _reviews(page)
    _changes_many(page)
    _imports(page, _file(tmp_path))
    context.close()


def _reviews(page):
    _type(page, "g", "r")
    expect(page.get_by_role("heading", name="Duplicate review")).to_be_visible()
    _type(page, "n")
    expect(page.get_by_text("Nothing to review")).to_be_visible()


def _changes_many(page):
    _type(page, "g", "l")
    expect(page.locator("main tbody tr").first).to_be_visible()
    _type(page, "j", "x", "j", "x")
    assert page.locator("main tbody input:checked").count() == 2
    _tab_to(page, "More…")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Change many leads")).to_be_visible()
    _tab_to(page, "Add a note…")
    page.keyboard.press("Enter")
    expect(page.locator("textarea[name=text]")).to_be_visible()
    _tab_to(page, "", name="text")
    page.keyboard.type("Seen by both of us")
    _tab_to(page, "See what it will do")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 leads will change.")).to_be_visible()
    _tab_to(page, "Change 2 leads")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/bulk/[0-9a-f-]{36}$"))


def _imports(page, file):
    _type(page, "g", "i")
    expect(page.get_by_role("heading", name="Imports")).to_be_visible()
    _tab_to(page, "Import a file")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Import a file")).to_be_visible()
    _tab_to(page, "", name="file")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(file)
    _tab_to(page, "Go on to the columns")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Check the file")).to_be_visible()
    _tab_to(page, "Check the file")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Import 2 leads")).to_be_visible(timeout=6 * PATIENCE)
    _tab_to(page, "Import 2 leads")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Undo this import")).to_be_visible(timeout=6 * PATIENCE)


def _type(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_load_state("networkidle")


def _tab_to(page, words, *, name=None):
    """Tab on until the focus, which can be seen, is on what says these words or has this name."""
    for _ in range(FARTHEST):
        page.keyboard.press("Tab")
        here = page.evaluate("[document.activeElement.innerText ?? '', document.activeElement.name ?? '']")
        if here[1] == name if name else here[0].strip() == words:
            return
    raise AssertionError(f"no Tab leads to {name or words}")


def _file(folder):
    file = folder / "desk.csv"
    file.write_bytes(sheet(line(1), line(2)))
    return file
