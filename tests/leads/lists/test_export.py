"""The list as a file: what stands in it, what never does, and what is remembered of it."""

import csv
import io
from datetime import UTC, datetime

import pytest

from crm import languages, spreadsheets
from crm.database import DB, transaction
from crm.roles import visible_to
from leads.lists import export, listing
from leads.lists.query import Query
from tests.cast import DAY, LI, MINUTE, NOON, WANG, a_lead, colleague, fetch, open_chengdu, value, wants


@pytest.fixture(autouse=True)
async def three_stores(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def pieces(actor, address=""):
    async with transaction():
        found, look = await listing.narrowed(Query.parse(address), scope=visible_to(actor), at=NOON)
    return export.lines(found, look.columns, at=datetime.now(UTC), view="stage=offered")


async def table(actor, address=""):
    text = "".join([piece async for piece in await pieces(actor, address)])
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


async def test_a_file_has_the_columns_of_the_list_and_the_ids_of_its_leads():
    lead = await a_lead(person=WANG | {"email": "wang@qq.com"})

    head, row = await table(await colleague("alliance_marketer"), "columns=person,phone,email,interests,stage")

    assert head == ["Person", "Phone", "Interests", "Stage", "E-mail", "Lead"]
    assert row == ["王建国", "137****7665", "AITO", "Offered", "w***@qq.com", str(lead)]


async def test_a_file_speaks_the_language_of_its_page():
    await a_lead()
    languages.speak("zh-Hans")

    head, row = await table(await colleague("alliance_marketer"), "columns=person,stage")

    assert (head[0], row[1]) == ("客户", "已派单")
    languages.speak("en")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
async def test_no_cell_is_a_formula(sign):
    await a_lead(external_id=f"{sign}HYPERLINK(1)")

    _, row = await table(await colleague("alliance_marketer"), "columns=number")

    assert row[1] == f"'{sign}HYPERLINK(1)"


@pytest.mark.parametrize("cell", ["＝1+1", "\u200b=cmd|'/c calc'!A0", "safe\n=1+1"])
async def test_no_cell_is_a_formula_in_disguise(cell):
    await a_lead(person=WANG | {"name": cell})

    _, row = await table(await colleague("alliance_marketer"), "columns=person")

    assert row[0] == spreadsheets.harmless(spreadsheets.unquoted(row[0]))


async def test_a_file_holds_what_the_filters_leave_newest_first():
    wang, li = await a_lead(), await a_lead(at=NOON + MINUTE, person=LI, interests=[wants("luxeed")], consents=[])

    marketer = await colleague("alliance_marketer")
    assert [row[-1] for row in (await table(marketer))[1:]] == [str(li), str(wang)]
    assert [row[-1] for row in (await table(marketer, "brand=aito"))[1:]] == [str(wang)]


async def test_a_file_longer_than_one_piece_is_whole(monkeypatch):
    monkeypatch.setattr(export, "CHUNK", 2)
    leads = [await a_lead(external_id=f"E{number}", at=NOON + number * MINUTE) for number in range(5)]

    rows = (await table(await colleague("alliance_marketer")))[1:]

    assert [row[-1] for row in rows] == [str(lead) for lead in reversed(leads)]


async def test_while_a_slow_reader_takes_a_page_no_connection_is_held(monkeypatch):
    monkeypatch.setattr(export, "CHUNK", 1)
    for number in range(3):
        await a_lead(external_id=f"E{number}", at=NOON + number * MINUTE)

    reading = await pieces(await colleague("alliance_marketer"))
    await anext(reading)
    await anext(reading)

    assert DB.pool is not None
    assert DB.pool.get_idle_size() == DB.pool.get_size()
    assert (
        await value(
            "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'"
        )
        == 0
    )
    assert [len(piece.splitlines()) async for piece in reading] == [1, 1]


async def test_what_comes_in_while_a_file_is_taken_is_not_in_it(monkeypatch):
    monkeypatch.setattr(export, "CHUNK", 1)
    early, late = await a_lead(at=NOON), await a_lead(at=NOON + MINUTE, person=LI)
    async with transaction() as connection:
        # A desk handed in on the next day what it wrote down before the other one.
        await connection.execute("update lead set received_at = $2 where id = $1", early, datetime.now(UTC) + DAY)

    rows = (await table(await colleague("alliance_marketer")))[1:]

    assert [row[-1] for row in rows] == [str(late)]


async def test_what_went_out_is_remembered_with_its_count_and_without_its_people():
    await a_lead()
    marketer = await colleague("alliance_marketer")

    await table(marketer, "columns=person")

    [noted] = await fetch("select actor, details::text from history_entry where action = 'leads_exported'")
    assert noted["actor"] == marketer.actor
    assert '"rows":1' in noted["details"].replace(" ", "")
    assert "王" not in noted["details"]


async def test_who_hangs_up_halfway_is_remembered_with_what_they_got(monkeypatch):
    monkeypatch.setattr(export, "CHUNK", 1)
    for number in range(3):
        await a_lead(external_id=f"E{number}", at=NOON + number * MINUTE)

    reading = await pieces(await colleague("alliance_marketer"))
    await anext(reading)
    await anext(reading)
    await reading.aclose()

    assert await value("select (details->>'rows')::int from history_entry where action = 'leads_exported'") == 0
