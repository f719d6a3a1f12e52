"""A desk's file brought in through the pages, stopped, gone on with, mended, and taken back."""

import re
import time

import pytest

from tests.browser import stage
from tests.leads.imports.sheets import line, sheet
from tests.whole import running

pytestmark = pytest.mark.skipif(stage.CHROMIUM is None, reason=stage.WHY_NOT)

ROWS = running.size(450, full=20_000)
BAD_EVERY = 33  # three of a hundred
# A small file is through before a page that looks once a second sees it move: it is stopped as soon as it waits for its turn.
PROGRESS = re.compile(r"[1-9][\d,]* of [\d,]+ rows" if running.FULL else r"of [\d,]+ rows")
WITHIN = running.size(120, full=900) * 1000  # milliseconds for a job
MADE = """
select (select count(*) from lead) as leads, (select count(*) from interest) as interests, (select count(*) from submission) as submissions,
       (select count(*) from observation) as observations, (select count(*) from link where closed_at is null) as links,
       (select count(*) from identity_key) as keys, (select count(*) from person where merged_into is null) as persons
"""


def a_file():
    mended = [line(700_000 + number) for number in range(ROWS)]
    bad = [line(700_000 + n, phone="1.38E+10") if n % BAD_EVERY == 5 else one for n, one in enumerate(mended)]
    return bad, mended


def test_a_large_file_is_brought_in_stopped_gone_on_with_mended_and_taken_back(browser, staged, tmp_path):
    rows, mended = a_file()
    (tmp_path / "desk.csv").write_bytes(sheet(*rows))
    bad = sum(one != other for one, other in zip(rows, mended, strict=True))
    context = browser.new_context(locale="en", accept_downloads=True)
    stage.sign_in(context, staged, "alliance_marketer")
    page = context.new_page()
    page.set_default_timeout(stage.PATIENCE)
    before = made(staged)

    began = time.monotonic()
    check(page, staged, tmp_path / "desk.csv")
    print(f"{ROWS} rows checked in {time.monotonic() - began:.1f} s")
    page.get_by_role("button", name=f"Import {ROWS - bad:,} leads").click()
    began = time.monotonic()
    page.get_by_text(PROGRESS).wait_for()
    print(f"progress after {time.monotonic() - began:.1f} s")
    page.get_by_role("button", name="Stop").click()
    undo, go_on = page.get_by_role("link", name="Undo this import"), page.get_by_role("button", name="Go on")
    undo.wait_for(timeout=WITHIN)
    # A small file on a quick machine is done before anybody can stop it.
    if go_on.count():
        go_on.click()
        go_on.wait_for(state="detached", timeout=WITHIN)
        undo.wait_for(timeout=WITHIN)
    print(f"brought in, with a stop between, after {time.monotonic() - began:.1f} s")

    assert made(staged)["leads"] == before["leads"] + ROWS - bad
    mend(page, tmp_path / "mended.csv")
    address = page.url
    check(page, staged, tmp_path / "mended.csv")
    page.get_by_role("button", name=f"Import {bad:,} leads").click()
    page.get_by_role("link", name="Undo this import").wait_for(timeout=WITHIN)
    assert made(staged)["leads"] == before["leads"] + ROWS
    for number, where in ((bad, page.url), (ROWS - bad, address)):
        page.goto(where)
        page.get_by_role("link", name="Undo this import").click()
        began = time.monotonic()
        page.get_by_role("button", name=f"Take back {number:,} leads").click()
        page.get_by_text("Everything that this import made is gone.").wait_for(timeout=WITHIN)
        print(f"{number} leads taken back in {time.monotonic() - began:.1f} s")

    assert made(staged) == before
    context.close()


def check(page, staged, file):
    page.goto(f"{staged.url}/imports/new")
    page.locator('input[type="file"]').set_input_files(file)
    page.get_by_role("button", name="Go on to the columns").click()
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("button", name=re.compile(r"Import [\d,]+ leads")).wait_for(timeout=WITHIN)


def mend(page, file):
    """The rows to mend, mended: the phone that a spreadsheet had rounded is written out."""
    with page.expect_download() as given:
        page.get_by_role("link", name="Download the rows to mend").click()
    text = given.value.path().read_text(encoding="utf-8-sig")
    numbers = iter(range(100_000))
    file.write_text(re.sub(r"1\.38E\+10", lambda _: f"177{next(numbers):08}", text), encoding="utf-8")


def made(staged):
    rows = running.asked_beside(staged.database, MADE)
    return dict(rows[0])
