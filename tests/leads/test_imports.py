"""A file brought in: fates that add up, nothing twice, and what failed comes back to be mended."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm import vault
from crm.tables import Consent, Observation, Person
from leads import imports
from leads.capture import Mode
from leads.imports import ImportReport, rows
from leads.sources import delimited
from leads.tables import Import, ImportRow, Interest, Lead, RawPayload

SHEETS = Path(__file__).parent / "sources" / "sheets"
AFTER_THE_SHOWS = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = "登记编号,活动,登记时间,姓名,手机,意向车型,意向,同意联盟营销,同意共享给品牌,同意经销商联系,备注"
EXPECTED = {
    "two_header_rows.csv": (6, 4, 0, 2),
    "mixed_encodings.csv": (9, 8, 0, 1),
    "spreadsheet_numbers.csv": (15, 8, 0, 7),
    "wrong_columns.csv": (28, 18, 2, 8),
    "utf16_tabs.txt": (3, 3, 0, 0),
}


def line(number: str, **said: str) -> str:
    cells = {"name": "王建国", "phone": "13911120001", "car": "M9", "remark": ""} | said
    said_before, said_after = f"{cells['name']},{cells['phone']},{cells['car']}", cells["remark"]
    return f"{number},成都车展2025 联盟展台,2025-09-01 10:04,{said_before},试驾,是,否,是,{said_after}"


def sheet(*lines: str) -> bytes:
    return "\n".join((HEADER, *lines)).encode("gb18030")


async def bring_in(content: bytes, *, mode: Mode = "offer") -> ImportReport:
    return (await imports.run(content, source_code="desk", mode=mode, at=AFTER_THE_SHOWS))[1]


def fates(report: ImportReport) -> tuple[int, int, int, int]:
    return report.rows, report.created, report.repeat, report.error


@pytest.mark.parametrize("name", EXPECTED)
async def test_every_row_of_an_ugly_file_has_a_fate_and_none_is_lost(name):
    report = await bring_in((SHEETS / name).read_bytes())

    assert fates(report) == EXPECTED[name]
    assert report.rows == report.created + report.repeat + report.error == report.lines["row"]
    assert await Lead.count() == report.created
    assert await ImportRow.count() == report.rows


@pytest.mark.parametrize("name", EXPECTED)
async def test_a_second_run_creates_nothing(name):
    first = await bring_in((SHEETS / name).read_bytes())
    kept = await RawPayload.count()

    second = await bring_in((SHEETS / name).read_bytes())

    assert fates(second) == (first.rows, 0, first.created + first.repeat, first.error)
    assert await Lead.count() == await Observation.count() == first.created
    assert await RawPayload.count() == kept


async def test_an_import_that_was_cut_off_is_finished_by_running_it_again(monkeypatch):
    monkeypatch.setattr(rows, "BATCH", 2)
    content = sheet(*(line(f"R{i}", phone=f"1391112{i:04d}") for i in range(5)))

    def cut_off(done: int, of: int) -> None:
        if done == 4:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await imports.run(content, source_code="desk", mode="offer", at=AFTER_THE_SHOWS, progress=cut_off)
    report = await bring_in(content)

    assert fates(report) == (5, 1, 4, 0)
    assert await Import.select(Import.state, Import.rows).order_by(Import.started_at, Import.rows) == [
        {"state": "running", "rows": 4},
        {"state": "done", "rows": 5},
    ]


async def test_a_row_twice_in_a_file_is_a_repeat_and_another_one_of_its_number_is_remarked():
    report = await bring_in(sheet(line("R1"), line("R1"), line("R1", phone="13911120002")))

    assert fates(report) == (3, 1, 2, 0)
    assert report.notes == {f"登记编号: {imports.DIFFERS}": 1}


async def test_the_error_file_holds_the_failed_rows_alone_and_comes_back_unchanged(tmp_path):
    content = sheet(line("R1"), line("R2", phone="1.38E+10", remark="=1+1"), line("R3", car="问界M99"))
    read, report = await imports.run(content, source_code="desk", mode="offer", at=AFTER_THE_SHOWS)

    imports.write_errors(tmp_path / "desk.errors.csv", read, report)
    again = await bring_in((tmp_path / "desk.errors.csv").read_bytes())

    assert fates(again) == (2, 0, 0, 2)
    assert again.reasons == report.reasons
    assert again.unknown_columns == []
    assert await RawPayload.count() == 3


async def test_a_mended_error_file_brings_in_the_rest_and_only_the_rest(tmp_path):
    content = sheet(line("R1"), line("R2", phone="1.38E+10", remark="'=1+1"), line("R3", car="问界M99"))
    read, report = await imports.run(content, source_code="desk", mode="offer", at=AFTER_THE_SHOWS)
    path = tmp_path / "desk.errors.csv"
    imports.write_errors(path, read, report)

    path.write_text(path.read_text("utf-8-sig").replace("1.38E+10", "13911120002").replace("M99", "M9"))

    assert fates(await bring_in(path.read_bytes())) == (2, 2, 0, 0)
    assert await Lead.count() == 3
    sealed = [lead for lead in await Lead.objects() if lead.wishes]
    assert [vault.open_(lead.wishes, place=f"lead|wishes|{lead.id}") for lead in sealed] == ['{"remark":"=1+1"}']


async def test_a_backfill_records_people_and_consents_and_offers_nothing():
    report = await bring_in(sheet(line("R1")), mode="backfill")

    assert fates(report) == (1, 1, 0, 0)
    assert await Interest.select(Interest.stage, Interest.due_at) == [{"stage": "recorded", "due_at": None}]
    assert await Person.count() == 1
    assert await Consent.count() == 3


async def test_reasons_and_rows_in_the_database_name_columns_and_nothing_that_stood_in_them():
    report = await bring_in(sheet(line("R1", name="欧阳测", phone="12345"), line("R2", car="欧阳测的车")))

    rows = await ImportRow.select(ImportRow.row_no, ImportRow.fate, ImportRow.reason).order_by(ImportRow.row_no)
    assert [row["fate"] for row in rows] == ["error", "error"]
    assert rows[0]["reason"].startswith("手机: This is not a complete telephone number")
    assert not any(secret in json.dumps([rows, report.reasons], ensure_ascii=False) for secret in ("欧阳", "12345"))


async def test_what_never_became_a_lead_is_kept_sealed():
    await bring_in(sheet(line("R1", phone="12345")))

    kept = await RawPayload.objects().first()
    assert kept is not None
    typed = json.loads(vault.open_(kept.sealed, place=f"raw_payload|sealed|{kept.id}"))
    assert (typed["registration"], typed["phone"]) == ("R1", "12345")
    assert kept.reason == "手机"


async def test_a_file_that_is_refused_leaves_no_import_behind():
    with pytest.raises(delimited.NotASheet):
        await bring_in(b"PK\x03\x04")

    assert await Import.count() == 0


async def test_the_command_writes_one_line_of_json_and_an_error_file_only_when_there_are_errors(tmp_path, capsys):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes(sheet(line("R1")))
    bad.write_bytes(sheet(line("R2", phone="")))

    await imports.import_file(good, source="desk", mode="offer", json_output=True)
    await imports.import_file(bad, source="desk", mode="offer", json_output=True)

    assert [json.loads(said) for said in capsys.readouterr().out.splitlines()] == [
        {"rows": 1, "created": 1, "repeat": 0, "error": 0},
        {"rows": 1, "created": 0, "repeat": 0, "error": 1},
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "bad.errors.csv", "good.csv"]
    with (tmp_path / "bad.errors.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file)) == ["问题", *HEADER.split(",")]


async def test_the_words_of_a_report_say_where_to_mend(tmp_path, capsys):
    path = tmp_path / "desk.csv"
    path.write_bytes(sheet("", line("R1"), line("R2", car="???"), "合计,,,,2,,,,,,"))

    await imports.import_file(path, source="desk", mode="offer")

    out = capsys.readouterr().out
    assert "2 rows: 1 created, 0 repeat, 1 error" in out
    assert "other lines: 1 blank, 1 header, 1 total" in out
    assert out.endswith("desk.errors.csv\n")
