"""Files that leave the house: nothing in them runs, and what was quoted reads back as it was."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import spreadsheets

RUNS = [
    "=1+1",
    "+1+1",
    "-1-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    " =1",
    "\u00a0=1",
    "\u200b=1",
    "safe\n=1",
    '=HYPERLINK("http://x")',
    "=cmd|'/c calc'!A0",
    "＝1",
    "﹢1",
    "'=1",
    "''=1",
    "a\n'=1",
    "'a\n=1",
]
NUMBERS = ["+1", "-1", "+8613800138000", "+86 138 0013 8000", "-5"]
WORDS = ["", "王建国", "问界", "S9-T", "a=b", "a=1", "'quoted'", "2025-09-01"]


@pytest.mark.parametrize("cell", [*RUNS, *NUMBERS, "\tindented", "\rindented"])
def test_what_a_spreadsheet_might_run_leaves_the_house_as_words(cell):
    assert all(line.startswith("'") for line in spreadsheets.harmless(cell).splitlines())


@pytest.mark.parametrize("cell", RUNS)
def test_what_could_run_is_quoted_and_reads_back_as_it_was(cell):
    written = spreadsheets.quoted(cell)

    assert all(line.startswith("'") for line in written.splitlines())
    assert spreadsheets.unquoted(written) == cell


@pytest.mark.parametrize("cell", [*NUMBERS, *WORDS])
def test_what_cannot_run_stays_as_it_is(cell):
    assert spreadsheets.quoted(cell) == spreadsheets.unquoted(cell) == cell


@pytest.mark.parametrize("cell", WORDS)
def test_words_leave_the_house_as_they_are(cell):
    assert spreadsheets.harmless(cell) == cell


@given(st.text(alphabet=st.sampled_from("=+-@'\n\r\t 1a\u00a0＝王"), max_size=12))
def test_the_quote_rule_is_its_own_mirror(cell):
    assert spreadsheets.unquoted(spreadsheets.quoted(cell)) == cell


def test_a_file_comes_apart_into_the_cells_it_was_made_of():
    rows = [["Lead", "Why"], ["L-1", 'a "b", c\nd'], ["L-2", "=1+1"]]

    read_back = list(csv.reader(io.StringIO(spreadsheets.written(rows), newline="")))

    assert read_back == [*rows[:2], ["L-2", "'=1+1"]]
