"""Delimited text: what was written comes back, and nothing in it runs."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.sources import delimited


@pytest.mark.parametrize(
    ("content", "why"), [(b"PK\x03\x04...", "Excel workbook"), (b" \r\n", "empty"), (b"<html><table>", "web page")]
)
def test_what_is_no_delimited_text_says_what_to_do(content, why):
    with pytest.raises(delimited.NotASheet, match=why):
        delimited.text(content)


RUNS = [
    "=1+1",
    "+1+1",
    "-1-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    " =1",
    "\u00a0=1",
    "safe\n=1",
    '=HYPERLINK("http://x")',
    "＝1",
]
RUNS += ["=cmd|'/c calc'!A0", "'=1", "''=1", "a\n'=1", "'a\n=1", "\u200b=1"]


@pytest.mark.parametrize("cell", RUNS)
def test_what_could_run_is_quoted_and_reads_back_as_it_was(cell):
    written = delimited.quoted(cell)

    assert all(line.startswith("'") for line in written.splitlines())
    assert delimited.unquoted(written) == cell


@pytest.mark.parametrize(
    "cell", ["+8613800138000", "+86 138 0013 8000", "-5", "", "王建国", "a=b", "'quoted'", "2025-09-01"]
)
def test_what_cannot_run_stays_as_it_is(cell):
    assert delimited.quoted(cell) == delimited.unquoted(cell) == cell


@given(st.text(alphabet=st.sampled_from("=+-@'\n\r\t 1a\u00a0＝王"), max_size=12))
def test_the_quote_rule_is_its_own_mirror(cell):
    assert delimited.unquoted(delimited.quoted(cell)) == cell


TEXT = st.text(alphabet=st.sampled_from('王喆a1,;"\n =+é·'), max_size=8)


@given(st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=6), st.sampled_from(["utf-8", "gb18030"]))
def test_cells_come_back_as_they_were_written(rows, encoding):
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)

    read_back = delimited.records(file.getvalue().encode(encoding), delimiter=",")

    assert [record.cells for record in read_back] == rows


def test_an_older_error_file_that_others_could_read_is_replaced(tmp_path):
    path = tmp_path / "desk.errors.csv"
    path.write_text("old")
    path.chmod(0o644)

    delimited.write(path, columns=["问题"], rows=[["=1+1"]])

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == '\ufeff"问题"\r\n"\'=1+1"\r\n'.encode()
    assert list(tmp_path.iterdir()) == [path]
