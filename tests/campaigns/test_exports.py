"""Reports that leave the house: the same numbers in every form, and no formula among them."""

import csv
import io
from datetime import UTC, date, datetime

import msgspec
import openpyxl
import pytest

from campaigns import exports, showcases
from campaigns.reports import BrandReach, Performance, Reach
from crm.database import transaction

NOON = datetime(2025, 8, 30, 4, tzinfo=UTC)
FIGURES = Performance(
    campaign="chengdu-2025",
    name='=HYPERLINK("http://x")',
    starts_on=date(2025, 8, 29),
    ends_on=date(2025, 9, 7),
    as_of=NOON,
    brands=(BrandReach("aito", "问界", "AITO", Reach(90, 80, 70, 60, 50, 40, 30, 20)),),
    total=Reach(100, 88, 77, 66, 55, 44, 33, 22),
)
COLUMNS = [column for column, *_ in exports.DICTIONARY]


def test_the_csv_carries_the_numbers_alone():
    lines = list(csv.reader(io.StringIO(exports.as_csv(FIGURES).decode())))

    assert lines[0] == COLUMNS
    assert lines[1] == ["aito", "问界", "AITO", "90", "80", "70", "60", "50", "40", "30", "20"]
    assert lines[2] == ["total", "合计", "Total", "100", "88", "77", "66", "55", "44", "33", "22"]


def test_the_workbook_opens_with_the_same_numbers():
    sheet = openpyxl.load_workbook(io.BytesIO(exports.as_workbook(FIGURES)))["numbers"]

    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]

    assert rows[0] == COLUMNS
    assert rows[2][3:] == [100, 88, 77, 66, 55, 44, 33, 22]
    assert sheet.freeze_panes == "A2"


def test_the_workbook_explains_every_column_in_both_languages():
    sheet = openpyxl.load_workbook(io.BytesIO(exports.as_workbook(FIGURES)))["dictionary"]

    told = {row[0].value: (row[1], row[2]) for row in sheet.iter_rows(min_row=2)}

    assert [*told][: len(COLUMNS)] == COLUMNS
    assert all(zh.value and en.value for zh, en in told.values())
    assert told["campaign"][0].value == FIGURES.name
    assert told["campaign"][0].data_type == "s"


def test_a_name_that_a_spreadsheet_would_run_is_quoted_in_the_csv():
    figures = msgspec.structs.replace(FIGURES, brands=(msgspec.structs.replace(FIGURES.brands[0], name_en="=1+1"),))

    lines = list(csv.reader(io.StringIO(exports.as_csv(figures).decode())))

    assert lines[1][2] == "'=1+1"


@pytest.mark.parametrize("form", exports.FORMS)
async def test_a_campaign_is_written_to_a_file(form, tmp_path):
    async with transaction():
        await showcases.seed(at=NOON)
        await exports.write_performance("chengdu-2025", form=form, path=tmp_path / f"report.{form}", as_of=NOON)

    assert (tmp_path / f"report.{form}").read_bytes()[:2] == {"csv": b"br", "xlsx": b"PK"}[form]
