"""Imports from a terminal: listed, undone, and stores foreseen."""

from tests.cast import CHENGDU, open_chengdu, value
from tests.leads.imports.sheets import line, sheet
from tests.test_cli import well


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
