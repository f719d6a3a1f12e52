"""Imports from a terminal: listed, undone, and stores foreseen."""

from datetime import UTC, datetime, timedelta

from tests.campaigns.registering.coming import an_event
from tests.cast import CHENGDU, DAY, open_chengdu, value
from tests.leads.imports.guest_lists import guest, guests
from tests.leads.imports.sheets import line, sheet
from tests.test_cli import marquee, well

SOON = datetime.now(UTC) + timedelta(days=20)


async def test_what_was_brought_in_is_listed_and_undone(clean_tables, tmp_path):
    await open_chengdu(tmp_path)
    file = tmp_path / "desk.csv"
    file.write_bytes(sheet(line(1), line(2)))
    await well("import", file, "--errors", tmp_path / "errors.csv")

    [listed] = (await well("imports", "list", "--json")).answer
    told = await well("imports", "undo", listed["id"], "--json")

    assert (listed["name"], listed["state"], listed["created"]) == ("desk.csv", "done", 2)
    assert told.answer == {"undone": 2, "kept": {}}
    assert await value("select count(*) from lead") == 0


async def test_a_dry_run_of_stores_says_what_would_change(clean_tables, tmp_path):
    await open_chengdu(tmp_path)
    file = tmp_path / "changed.csv"
    file.write_text(CHENGDU.replace("S2,成都二号店,D2", "S2,成都二号店,D1"), encoding="utf-8")

    told = await well("network", "import", "--dry-run", file)

    assert "row 3, changed: dealer_code: D2 → D1" in told.err
    assert "0 would be created, 1 changed, 2 unchanged, 0 with errors" in told.out
    assert await value("select count(*) from store_operator where valid_until_on is not null") == 0


async def test_a_list_of_guests_is_foreseen_brought_in_once_told_and_taken_back(clean_tables, tmp_path):
    await an_event("tent", starts_at=SOON, ends_at=SOON + DAY, capacity=1)
    file = tmp_path / "guests.csv"
    file.write_bytes(guests(guest(1), guest(2), guest(3, phone="1.38E+10")))
    command = ["events", "import-guests", "tent", file]

    foreseen = await well(*command, "--dry-run", "--json")
    made = await value("select count(*) from registration")
    first = await well(*command, "--tell", "--json")
    again = await well(*command, "--json")
    [_, listed] = (await well("imports", "list", "--json")).answer
    undone = await well("imports", "undo", listed["id"], "--json")

    counts = {"rows": 3, "registered": 1, "waiting": 1, "repeat": 0, "error": 1}
    assert foreseen.answer == counts | {"told": 0, "dry_run": True}
    assert made == 0
    assert first.answer == counts | {"told": 2, "dry_run": False}
    assert again.answer == counts | {"registered": 0, "waiting": 0, "repeat": 2, "told": 0, "dry_run": False}
    assert "手机: The spreadsheet rounded this number" in first.err
    assert undone.answer == {"undone": 2, "kept": {}}
    assert (tmp_path / "guests.errors.csv").exists()


async def test_a_list_for_no_event_is_refused_in_a_sentence(clean_tables, tmp_path):
    file = tmp_path / "guests.csv"
    file.write_bytes(guests(guest(1)))

    ended = await marquee("events", "import-guests", "nowhere", file)

    assert ended.code != 0
    assert "There is no event nowhere" in ended.err
