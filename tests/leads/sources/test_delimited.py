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
