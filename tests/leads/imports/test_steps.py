"""The steps of an import: seen before it is done, done in whole batches, stopped and gone on with by anybody."""

import csv
import io
import json
from datetime import timedelta

import pytest

from crm import vault
from crm.database import DatabaseAway, current, transaction
from crm.errors import Invalid
from leads.imports import asking, checking, files, rows, showing, working
from leads.sources import delimited
from tests.cast import DAY, WANG, fetch, open_chengdu, registration, send, value
from tests.leads.imports.sheets import (
    AFTER_THE_SHOWS,
    brought_in,
    checked,
    differences,
    fates_of,
    line,
    marketer,
    seen,
    settle,
    sheet,
    state_of,
    upload,
    work,
)

MIXED = (
    line(1),
    line(2, name=WANG["name"], phone=WANG["phone"]),
    line(3, phone="1.38E+10"),
    line(1),
    line(1, remark="其他"),
    line(4, name="杜泽鹏", phone="13512345670"),
    line(5, name="杜泽鹏", phone="13512345670"),
    line(6, car="问界M99"),
)


@pytest.fixture
async def actor(clean_tables, tmp_path):
    await open_chengdu(tmp_path)
    return await marketer()


async def start(import_id, *, actor):
    async with transaction():
        await asking.start(import_id, actor=actor, at=AFTER_THE_SHOWS)


async def cancel(import_id, *, actor):
    async with transaction():
        await asking.cancel(import_id, actor=actor, at=AFTER_THE_SHOWS)


def another_worker(monkeypatch):
    """What one worker remembers, the next one does not."""
    monkeypatch.setattr(working, "_sheets", {})
    monkeypatch.setattr(working, "_dry_runs", {})
    monkeypatch.setattr(working, "WORKER", "another")
    monkeypatch.setattr(checking, "WORKER", "another")


async def test_a_dry_run_tells_every_fate_and_writes_nothing_else(actor):
    await send(registration(), by="web", at=AFTER_THE_SHOWS)
    before, changes = await seen(), await value("select count(*) from change")

    import_id = await checked(sheet(*MIXED), actor=actor)

    assert (await state_of(import_id), await fates_of(import_id)) == (
        "checked",
        {"new": 2, "known": 2, "duplicate": 2, "error": 2},
    )
    assert differences(before, await seen()) == {}
    assert await value("select count(*) from change") == changes
    assert await value("select count(*) from raw_payload where reason is not null") == 0


async def test_the_run_does_what_the_dry_run_said(actor):
    await send(registration(), by="web", at=AFTER_THE_SHOWS)
    import_id = await brought_in(sheet(*MIXED), actor=actor)

    assert (await state_of(import_id), await fates_of(import_id)) == ("done", {"created": 4, "repeat": 2, "error": 2})
    found = await fetch("select row_no, fate from import_row where import_id = $1 order by row_no", import_id)
    assert [row["fate"] for row in found] == ["created"] * 2 + ["error"] + ["repeat"] * 2 + ["created"] * 2 + ["error"]


async def test_reasons_name_columns_and_nothing_that_stood_in_them(actor):
    import_id = await checked(sheet(line(1, name="欧阳测", phone="12345"), line(2, car="欧阳测的车")), actor=actor)

    told = await fetch("select reason from import_row where import_id = $1", import_id)
    kept = await fetch("select checked::text, mapping::text, name from import")
    said = json.dumps([*map(list, told), *map(list, kept)], ensure_ascii=False)
    assert "手机" in said
    assert not any(secret in said for secret in ("欧阳", "12345"))


async def test_the_file_is_kept_sealed_and_gone_when_its_time_is_up(actor):
    import_id = await checked(sheet(line(1, name="欧阳测试")), actor=actor)
    [kept] = await fetch("select id, sealed from import_file")
    assert "欧阳".encode("gb18030") not in kept["sealed"]
    with pytest.raises(vault.CannotOpen):
        vault.open_(kept["sealed"], place="import_file|sealed|another")

    await work(AFTER_THE_SHOWS + files.KEPT + DAY)

    assert await value("select count(*) from import_file") == 0
    with pytest.raises(files.FileGone):
        async with transaction():
            await showing.error_file(import_id)


async def test_a_run_can_be_stopped_between_batches_and_gone_on_with(actor, monkeypatch):
    monkeypatch.setattr(rows, "BATCH", 3)
    import_id = await checked(sheet(*(line(n) for n in range(8))), actor=actor)
    await start(import_id, actor=actor)
    assert await working.advance(AFTER_THE_SHOWS) == 3
    await cancel(import_id, actor=actor)
    assert await work() == 0
    assert (await state_of(import_id), await fates_of(import_id)) == ("cancelled", {"created": 3})

    await start(import_id, actor=actor)
    await work()

    assert (await state_of(import_id), await fates_of(import_id)) == ("done", {"created": 8})


async def test_a_batch_is_whole_or_not_there_and_the_next_worker_goes_on(actor, monkeypatch):
    monkeypatch.setattr(rows, "BATCH", 3)
    import_id = await checked(sheet(*(line(n) for n in range(8))), actor=actor)
    await start(import_id, actor=actor)
    await working.advance(AFTER_THE_SHOWS)

    async def die(*_, **__):
        raise ConnectionError

    with monkeypatch.context() as killed:
        killed.setattr(rows, "note", die)
        with pytest.raises(DatabaseAway):
            await working.advance(AFTER_THE_SHOWS)
    assert await value("select count(*) from lead") == 3

    another_worker(monkeypatch)
    await work()
    assert (await state_of(import_id), await fates_of(import_id)) == ("done", {"created": 8})


async def test_a_dry_run_is_left_to_its_worker_until_that_one_is_silent_for_too_long(actor, monkeypatch):
    monkeypatch.setattr(rows, "BATCH", 3)
    import_id = await upload(sheet(*MIXED), actor=actor)
    await settle(import_id, actor=actor)
    await working.advance(AFTER_THE_SHOWS)

    another_worker(monkeypatch)
    assert await work(AFTER_THE_SHOWS + timedelta(seconds=5)) == 0
    await work(AFTER_THE_SHOWS + timedelta(minutes=1))

    assert (await state_of(import_id), await fates_of(import_id)) == (
        "checked",
        {"new": 3, "known": 1, "duplicate": 2, "error": 2},
    )


async def test_one_that_fails_by_our_mistake_is_set_aside_and_can_go_on(actor, monkeypatch):
    import_id = await checked(sheet(line(1)), actor=actor)
    await start(import_id, actor=actor)
    with monkeypatch.context() as broken:
        broken.setattr(rows, "note", lambda *_, **__: 1 / 0)
        await working.advance(AFTER_THE_SHOWS)
    assert await state_of(import_id) == "failed"

    async with transaction():
        await asking.check(import_id)
    await work()
    await start(import_id, actor=actor)
    await work()

    assert await fates_of(import_id) == {"created": 1}


async def test_the_error_file_is_mended_and_brings_in_the_rest_and_only_the_rest(actor):
    import_id = await brought_in(sheet(line(1), line(2, phone="1.38E+10"), line(3, car="问界M99")), actor=actor)
    async with transaction():
        content = (await showing.error_file(import_id)).decode("utf-8-sig")
    header, *failed = csv.reader(io.StringIO(content))
    assert (header[0], [row[1] for row in failed]) == ("问题", ["R000002", "R000003"])

    mended = content.replace("1.38E+10", "13911120002").replace("M99", "M9").encode()
    again = await brought_in(mended, actor=actor)

    assert await fates_of(again) == {"created": 2}
    assert await value("select count(*) from lead") == 3


async def test_columns_that_nobody_knows_are_named_by_hand_and_remembered_for_the_source(actor):
    strange = (
        sheet(line(1)).replace("登记编号".encode("gb18030"), b"ticket").replace("手机".encode("gb18030"), b"reach at")
    )
    import_id = await upload(strange, actor=actor)
    async with transaction():
        layout = await asking.layout(import_id)
    assert [group[0] for group in layout.lacking] == ["registration"]
    with pytest.raises(Invalid):
        await settle(import_id, actor=actor, source="expo")
    await settle(import_id, actor=actor, source="expo", **{"ticket": "registration", "reach at": "phone"})
    await work()
    assert await fates_of(import_id) == {"new": 1}

    async with transaction():
        second = await asking.begin(
            strange, name="b.csv", subject="leads", source_code="expo", actor=actor, at=AFTER_THE_SHOWS + DAY
        )
        layout = await asking.layout(second)

    assert layout.lacking == []


async def test_a_column_can_be_left_out(actor):
    import_id = await upload(sheet(line(1, remark="晚上打")), actor=actor)
    await settle(import_id, actor=actor, 备注="")
    await work()
    await start(import_id, actor=actor)
    await work()

    assert await value("select wishes is null or length(wishes) < 90 from lead")
    assert json.loads(await value("select mapping from import"))["备注"] == ""


async def test_of_a_cell_only_its_shape_is_shown(actor):
    import_id = await upload(
        sheet(line(1, name="欧阳测", phone="+86 139-1112-0001", email="Ann.b@qq.com")), actor=actor
    )

    async with transaction():
        shapes = {column.name: column.shape for column in (await asking.layout(import_id)).columns}

    assert (shapes["姓名"], shapes["手机"], shapes["邮箱"]) == ("字字字", "+99 999-9999-9999", "Aaa.a@aa.aaa")


async def test_a_workbook_is_refused_with_what_to_do(actor):
    with pytest.raises(delimited.NotASheet, match="save it as CSV UTF-8"):
        await upload(b"PK\x03\x04" + bytes(50), actor=actor)

    assert await value("select count(*) from import") == 0


async def test_the_same_file_is_recognised(actor):
    content = sheet(line(1))
    first = await brought_in(content, actor=actor)

    second = await upload(content, actor=actor, at=AFTER_THE_SHOWS + DAY)

    async with transaction():
        same = await asking.same_file(second)
    assert same is not None
    assert same.id == first


async def test_two_workers_never_do_a_batch_twice(actor, monkeypatch):
    monkeypatch.setattr(rows, "BATCH", 2)
    import_id = await checked(sheet(*(line(n) for n in range(4))), actor=actor)
    await start(import_id, actor=actor)

    async with transaction():
        await current().execute("select from import where id = $1 for update", import_id)
        held = [
            row["id"]
            for row in await current().fetch("select id from import where state = 'queued' for update skip locked")
        ]
    assert held == [import_id]
    await work()

    assert await value("select count(*), count(distinct row_no) from import_row") == 4
    assert await fates_of(import_id) == {"created": 4}
