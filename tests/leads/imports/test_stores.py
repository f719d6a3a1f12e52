"""Stores brought in by staff: what would change is seen row by row before it does."""

import pytest

from crm.database import transaction
from leads.imports import asking, showing, undoing
from tests.cast import CHENGDU, fetch, open_chengdu, value
from tests.leads.imports.sheets import AFTER_THE_SHOWS, checked, fates_of, marketer, state_of, undone, work

CHANGED = (
    CHENGDU.replace("S2,成都二号店,D2,user_centre,aito", "S2,成都二号店,D1,user_centre,aito;luxeed")
    + "S4,成都四号店,D3,user_centre,aito,510107,104.0660,30.5720,50,1,09:00,18:00,sales\n"
    + "S5,成都五号店,D3,user_centre,aito,999999,104.0660,30.5720,50,1,09:00,18:00,sales\n"
).encode()


@pytest.fixture
async def actor(clean_tables, tmp_path):
    await open_chengdu(tmp_path)
    return await marketer()


async def standing():
    return [tuple(row) for row in await fetch("select code, version from store order by code")]


async def test_a_dry_run_says_what_each_row_would_change_and_changes_nothing(actor):
    before = await standing()

    import_id = await checked(CHANGED, actor=actor, subject="stores")

    assert await fates_of(import_id) == {"unchanged": 2, "changed": 1, "new": 1, "error": 1}
    said = await value("select reason from import_row where import_id = $1 and fate = 'changed'", import_id)
    assert said == "dealer_code: D2 → D1; brands: +luxeed"
    assert await standing() == before


async def test_the_run_makes_the_network_what_the_dry_run_said(actor):
    import_id = await checked(CHANGED, actor=actor, subject="stores")
    async with transaction():
        await asking.start(import_id, actor=actor, at=AFTER_THE_SHOWS)
    await work()

    assert (await state_of(import_id), await fates_of(import_id)) == (
        "done",
        {"unchanged": 2, "changed": 1, "new": 1, "error": 1},
    )
    assert [code for code, _ in await standing()] == ["S1", "S2", "S3", "S4"]
    again = await checked(CHANGED, actor=actor, subject="stores")
    assert await fates_of(again) == {"unchanged": 4, "error": 1}


async def test_an_import_of_stores_says_why_it_cannot_be_undone(actor):
    import_id = await checked(CHANGED, actor=actor, subject="stores")

    with pytest.raises(undoing.NetworkStays):
        await undone(import_id, actor=actor)


async def test_the_rows_to_mend_come_back_with_what_to_do(actor):
    import_id = await checked(CHANGED, actor=actor, subject="stores")

    async with transaction():
        content = (await showing.error_file(import_id)).decode("utf-8-sig")

    header, row = content.splitlines()
    assert header.startswith('"problem","store_code"')
    assert "GB/T 2260" in row
    assert '"S5"' in row
