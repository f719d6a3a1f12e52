"""A month is drawn in whole weeks, and a bar says where it goes on."""

from datetime import date

from campaigns.planning import months
from campaigns.planning.calendar import Entry

DECEMBER = months.read("2025-12", today=date(2025, 12, 9))


def entry(first, last):
    return Entry("campaign", 1, 1, "x", "x", "x", "live", None, first, last)


def test_a_month_is_shown_from_monday_to_sunday():
    assert (DECEMBER.first_shown, DECEMBER.last_shown) == (date(2025, 12, 1), date(2026, 1, 4))
    assert (DECEMBER.before, DECEMBER.after) == ("2025-11", "2026-01")


def test_a_bar_is_cut_at_the_week_and_says_that_it_goes_on():
    drawn = months.weeks(DECEMBER, [entry(date(2025, 12, 5), date(2025, 12, 16))], [])

    bars = [[(bar.column, bar.span, bar.goes_on_before, bar.goes_on_after) for bar in week.bars] for week in drawn]
    assert bars == [[(5, 3, False, True)], [(1, 7, True, True)], [(1, 2, True, False)], [], []]


def test_what_is_no_month_is_this_one():
    for said in (None, "", "2025-13", "x", "2025-1", "²025-01"):
        assert months.read(said, today=date(2025, 12, 9)).code == "2025-12"
