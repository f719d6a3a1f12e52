"""Sheets that people really hand in: each line is told apart, each row is read or says what to mend."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm.reference import BrandFacts, ModelFacts, Reference
from leads.sources import cells, delimited, desk, sheets
from leads.sources.cars import Car, CarNames
from leads.submission import LeadBody

SHEETS = Path(__file__).parent / "sheets"
SHARED = Path(os.environ.get("MARQUEE_SHARED") or Path(__file__).parents[4] / "shared")
AFTER_THE_SHOWS = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = "registration,registered_at,name,phone,email,interest,intent,consent_dealer,remark"
SAID = {
    "registration": "R1",
    "registered_at": "2025-12-10 14:05",
    "name": "王建国",
    "phone": "13911120001",
    "email": "",
    "interest": "M9",
    "intent": "buy",
    "consent_dealer": "Y",
    "remark": "",
}
ALLIANCE = {
    "aito": ("问界", "AITO", "M5 M7 M8 M9"),
    "luxeed": ("智界", "Luxeed", "S7 R7"),
    "stelato": ("享界", "Stelato", "S9 S9T"),
    "maextro": ("尊界", "Maextro", "S800"),
    "shangjie": ("尚界", "Shangjie", "H5"),
}
BRANDS = {code: BrandFacts(i, code, zh, en, i) for i, (code, (zh, en, _)) in enumerate(ALLIANCE.items(), start=1)}
MODELS = {
    model: ModelFacts(0, model, BRANDS[code].id) for code, (*_, models) in ALLIANCE.items() for model in models.split()
}
CARS = CarNames(Reference(BRANDS, MODELS, {}, {}))


def read(content: bytes | Path) -> list[desk.Row]:
    content = content.read_bytes() if isinstance(content, Path) else content
    return list(desk.rows(desk.opened(content), cars=CARS, at=AFTER_THE_SHOWS))


def read_one(**said: str) -> desk.Row:
    line = ",".join('"' + (SAID | said)[name].replace('"', '""') + '"' for name in HEADER.split(","))
    (row,) = read(f"{HEADER}\n{line}\n".encode())
    return row


def body_of(**said: str) -> LeadBody:
    row = read_one(**said)
    assert row.body is not None, told(row)
    return row.body


def told(row: desk.Row) -> str:
    return "; ".join(f"{fault['path']}: {fault['message']}" for fault in row.faults)


def bodies(rows: list[desk.Row]) -> list[LeadBody]:
    return [row.body for row in rows if row.body is not None]


# --- lines -----------------------------------------------------------------------------------------------------------


def test_every_line_of_a_decorated_sheet_is_told_apart():
    sheet = desk.opened((SHEETS / "two_header_rows.csv").read_bytes())

    assert sheet.kinds() == {"title": 2, "blank": 4, "header": 4, "row": 6, "total": 4}
    assert len(sheet.lines) == 20
    assert [record.number for record in sheet.rows()] == [6, 9, 12, 14, 15, 20]


def test_a_header_of_two_lines_names_each_column_once():
    sheet = desk.opened((SHEETS / "two_header_rows.csv").read_bytes())

    assert {"phone", "email", "unionid", "consent_alliance", "consent_brand", "consent_dealer", "remark"} <= set(
        sheet.fields
    )
    assert sheet.unknown() == []


def test_a_row_of_few_words_below_the_header_is_no_second_level():
    assert [row.body is None for row in read("编号,时间,手机,姓名,同意经销商联系\n,,,王建国,√\n".encode())] == [True]


def test_a_row_without_a_number_is_an_error_not_a_total():
    row = read(SHEETS / "two_header_rows.csv")[4]

    assert told(row).startswith("登记编号: Give the registration number")


def test_a_header_that_was_sorted_into_the_middle_loses_no_row():
    rows = [f"R{i},2025-12-10 14:05,13911120{i:03d}" for i in range(6)]
    lines = [*rows[:3], "registration,registered_at,phone", *rows[3:]]

    read_rows = read("\n".join(lines).encode())

    assert [row.body.external_id for row in read_rows if row.body] == [f"R{i}" for i in range(6)]


def test_lists_pasted_under_each_other_are_read_each_by_its_own_header():
    rows = read(
        "编号,时间,手机,姓名\nR1,2025-09-01 10:04,13911120001,王建国\n\n"
        "name,phone,time,registration,shoe size\n李娜,13911120002,2025-09-01 10:05,R2\n张伟,13911120003,2025-09-01 10:06,R3,44\n".encode()
    )

    read_back = [(body.external_id, body.person.name, body.person.phone) for body in bodies(rows)]
    assert read_back == [("R1", "王建国", "13911120001"), ("R2", "李娜", "13911120002")]
    assert told(rows[2]).startswith("line: There are more cells than columns")


def test_lines_in_other_encodings_than_their_file_are_read_as_they_were_meant():
    rows = read(SHEETS / "mixed_encodings.csv")

    names = [row.body.person.name for row in rows if row.body]
    assert names == ["王建国", "李娜", "张伟", "赵喆", "陈晓", "孙丽", "联通", "周杰"]
    assert told(rows[-1]).startswith("line: Some letters of this line are lost")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_sheet_reads_the_same_in_every_encoding(encoding, delimiter, end):
    lines = [
        "登记编号,登记时间,姓名,手机,备注",
        'R1,2025-09-01 10:04,喆先生,13911120001,"两',
        '行"',
        "R2,2025-09-01 10:05,,13911120002,",
    ]
    text = end.join(lines).replace(",", delimiter)

    first, second = bodies(read(text.encode(encoding)))

    assert (first.person.phone, second.person.phone) == ("13911120001", "13911120002")
    assert (first.person.name, first.remark) == ("喆先生", "两\n行")


def test_a_stray_quote_swallows_no_row():
    rows = read(SHEETS / "wrong_columns.csv")

    remarks = {row.body.external_id: row.body.remark for row in rows if row.body}
    assert [remarks[name] for name in ("W20", "W21", "W22", "W23")] == [
        "two\nlines",
        'a stray " quote',
        '"15.6 inch',
        'screen 15.6"',
    ]


def test_a_file_without_its_columns_is_refused_once_with_the_names_that_are_known():
    with pytest.raises(delimited.NotASheet, match=r"登记编号 .*registration.*Known names found: 姓名, 手机"):
        desk.opened("姓名,手机\n王建国,13911120001\n".encode())


# --- cells -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "2025-09-01 10:04",
        "2025/9/1 10:04:00",
        "2025年9月1日 10:04",
        "2025年9月1日 上午10时4分",
        "2025.9.1 10:04",
        "２０２５－０９－０１　１０：０４",
        "2025-09-01T10:04:00+08:00",
        "2025-09-01T02:04:00Z",
        "20250901 1004",
        "202509011004",
        "2025/9/1 10:04 AM",
        "45901.4194444444",
    ],
)
def test_a_time_is_read_however_it_is_written(typed):
    assert cells.local_time(typed) == datetime(2025, 9, 1, 2, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "typed", ["9/1/2025 10:04", "2025-02-30", "2025-09-01 25:00", "soon", "1900/1/0 0:00", "0", "12345"]
)
def test_a_time_that_means_nothing_or_two_things_is_not_guessed(typed):
    assert cells.local_time(typed) is None


def test_a_row_from_the_future_is_an_error():
    assert told(read_one(registered_at="2099-01-01 00:00:00")) == (
        "registered_at: This time is yet to come; correct the day and year."
    )


def test_what_a_spreadsheet_does_to_numbers_is_undone_or_named():
    rows = read(SHEETS / "spreadsheet_numbers.csv")

    assert [row.number for row in rows if row.faults] == [3, 7, 8, 9, 10, 12, 16]
    assert told(rows[1]) == "手机: The spreadsheet rounded this number; format the column as text."
    good = bodies(rows)
    assert good[0].captured_at == datetime(2025, 8, 31, 4, 28, 48, tzinfo=UTC)
    assert [body.remark for body in good[2:4]] == ["=1+1", '=HYPERLINK("http://x")']
    assert [note["path"] for note in rows[9].notes] == ["手机"]


@pytest.mark.parametrize(
    ("said", "person"),
    [
        ({"name": "13911120002", "phone": "李娜"}, ("李娜", "13911120002", None)),
        ({"name": "李娜13911120002", "phone": ""}, ("李娜", "13911120002", None)),
        ({"name": "", "phone": "李娜 139 1112 0002"}, ("李娜", "139 1112 0002", None)),
        ({"name": "", "phone": "13911120002/李娜"}, ("李娜", "13911120002", None)),
        ({"phone": "li@example.com", "name": "李娜"}, ("李娜", None, "li@example.com")),
        ({"phone": "", "email": "13911120002", "name": "李娜"}, ("李娜", "13911120002", None)),
        ({"name": "13911120009", "phone": "13911120002"}, (None, "13911120002", None)),
        ({"name": "N/A", "phone": "１３９１１１２０００２"}, (None, "１３９１１１２０００２", None)),
        ({"name": "李娜", "phone": "12345", "email": "li@example.com"}, ("李娜", "12345", "li@example.com")),
    ],
)
def test_contacts_in_the_wrong_column_are_rescued(said, person):
    found = body_of(**said).person

    assert (found.name, found.phone, found.email) == person


def test_of_two_numbers_in_a_cell_the_first_counts_and_the_other_is_remarked():
    body = body_of(phone="13911120002、13911120003", remark="周末")

    assert body.person.phone == "13911120002"
    assert body.remark == "周末\n其他号码 / other number: 13911120003"


@pytest.mark.parametrize("phone", ["", "N/A", "12345", "139****", "139****0002", "1380013800", "000000000000"])
def test_a_row_by_which_nobody_can_be_reached_is_an_error_that_repeats_nothing(phone):
    row = read_one(phone=phone)

    assert row.body is None
    assert not phone.strip("*") or phone not in told(row)


@pytest.mark.parametrize(
    ("written", "car"),
    [
        ("问界M9", Car("aito", "M9")),
        ("AITO M9", Car("aito", "M9")),
        ("aito问界 m9", Car("aito", "M9")),
        ("Ｍ９", Car("aito", "M9")),
        ("问界 M9 Ultra 五座版", Car("aito", "M9")),
        ("全新问界M7", Car("aito", "M7")),
        ("享界S9T", Car("stelato", "S9T")),
        ("S9", Car("stelato", "S9")),
        ("尊界", Car("maextro", None)),
        ("问界M99", None),
        ("享界M9", None),
        ("Model Y", None),
    ],
)
def test_a_car_is_known_by_the_names_that_people_write(written, car):
    assert CARS.find(written) == car


def test_an_unknown_car_names_its_neighbour():
    assert told(read_one(interest="问界M99")) == "interest: There is no such car; the nearest is 问界M9."


def test_several_cars_and_wishes_become_ranked_interests_and_a_trade_in_says_what_it_is():
    body = body_of(interest="享界S9；M9、M9", intent="试驾/置换")

    assert [(i.rank, i.brand, i.model, i.kind) for i in body.interests] == [
        (1, "stelato", "S9", "test_drive"),
        (2, "stelato", "S9", "buy"),
        (3, "aito", "M9", "test_drive"),
        (4, "aito", "M9", "buy"),
    ]
    assert body.trade_in is not None
    assert [consent.brands for consent in body.consents] == [["stelato", "aito"]]


@pytest.mark.parametrize(("typed", "given"), [("是", True), ("√", True), ("1.0", True), ("否", False), ("N", False)])
def test_a_consent_cell_speaks_for_the_brands_of_its_row(typed, given):
    (consent,) = body_of(consent_dealer=typed).consents

    assert (consent.purpose, consent.given, consent.brands) == ("share_with_dealer", given, ["aito"])
    assert (consent.notice.id, consent.notice.version, consent.notice.language) == ("desk", "1", "en")


def test_an_empty_consent_was_not_asked_and_an_unclear_one_is_an_error():
    assert body_of(consent_dealer="").consents == []
    assert told(read_one(consent_dealer="也许")).startswith("consent_dealer: Write 是 or 否")


# --- the desks of the two shows --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rows", "errors"), [("chengdu_desk_gb18030.csv", 12117, 720), ("shanghai_desk.csv", 8078, 485)]
)
def test_both_desk_files_are_read_with_a_fate_for_each_row(name, rows, errors):
    path = SHARED / "data" / name
    if not path.exists():
        pytest.skip(f"{name} is not here; MARQUEE_SHARED names the folder above its data/")

    done = read(path)

    assert len(done) == rows
    assert sum(row.body is None for row in done) == errors
    assert all((row.body is None) == bool(row.faults) for row in done)


def test_column_names_forgive_width_case_and_brackets():
    assert sheets.plain("手机 (必填)*") == sheets.plain("手　机") == "手机"
    assert sheets.plain("Registered At") == sheets.plain("registered_at")
