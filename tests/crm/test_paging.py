"""Pages of lists: a place is read again as it was given out, and a reader goes on and back over every row once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import paging
from crm.paging import Mark

FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)
ROWS = tuple(range(23))


def read(*, after=None, before=None, limit=5):
    """What a list finds from a place on, or back from it, in the order of the way."""
    way = [row for row in ROWS if (after is None or row > after)]
    if paging.goes_back(after=after, before=before):
        way = [row for row in reversed(ROWS) if row < before]
    return paging.cut(way[: limit + 1], limit=limit, after=after, before=before)


@given(st.timedeltas(min_value=timedelta(days=-700_000), max_value=timedelta(days=2_900_000)), st.uuids())
def test_a_place_is_read_as_it_was_given_out(since, id_):
    mark = Mark(FIRST_DAY + since, id_)

    assert Mark.read(str(mark)) == mark


@pytest.mark.parametrize("text", [None, "", ".", "1", "x.y", "9" * 40 + "." + "0" * 32, "1.2", "1_" + "0" * 32])
def test_a_place_that_nobody_gave_out_is_none(text):
    assert Mark.read(text) is None


def test_who_goes_on_to_the_end_and_back_has_seen_every_row_once_each_way():
    page, seen = read(), []
    while True:
        seen += page.rows
        if not page.goes_on_after:
            break
        page = read(after=page.rows[-1])
    back = list(page.rows)
    while page.goes_on_before:
        page = read(before=page.rows[0])
        back = [*page.rows, *back]

    assert tuple(seen) == tuple(back) == ROWS


@pytest.mark.parametrize("beyond", [{"after": ROWS[-1]}, {"before": ROWS[0]}])
def test_beyond_the_ends_there_is_an_empty_page_that_leads_nowhere(beyond):
    page = read(**beyond)

    assert (page.rows, page.goes_on_before, page.goes_on_after) == ((), False, False)
