"""A month as a calendar draws it: weeks from Monday to Sunday, and in each the bars of what falls on its days.

Promises whole weeks, and that a bar says where it goes on from the week before or into the next. What cannot be read is this month.
"""

import calendar
import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import msgspec

from campaigns.planning.calendar import Clash, Entry, Kind

WEEK = 7
WRITTEN = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


class Month(msgspec.Struct, frozen=True):
    """A month: `first` to `last` are its own days, `first_shown` to `last_shown` the whole weeks around them."""

    first: date
    last: date
    today: date

    @property
    def first_shown(self) -> date:
        return self.first - timedelta(days=self.first.weekday())

    @property
    def last_shown(self) -> date:
        return self.last + timedelta(days=WEEK - 1 - self.last.weekday())

    @property
    def code(self) -> str:
        """2025-12, as the address has it."""
        return f"{self.first:%Y-%m}"

    @property
    def before(self) -> str:
        return f"{self.first - timedelta(days=1):%Y-%m}"

    @property
    def after(self) -> str:
        return f"{self.last + timedelta(days=1):%Y-%m}"


class Bar(msgspec.Struct, frozen=True):
    """An entry in one week: the column it begins in (1 is Monday), how many it spans, and whether it goes on at either end."""

    entry: Entry
    column: int
    span: int
    goes_on_before: bool
    goes_on_after: bool
    clashes: bool


class Week(msgspec.Struct, frozen=True):
    """Seven days and the bars on them."""

    days: tuple[date, ...]
    bars: tuple[Bar, ...]


def read(said: str | None, *, today: date) -> Month:
    """The month that an address names (2025-12), else this one."""
    found = WRITTEN.fullmatch(said or "")
    year, number = (int(found[1]), int(found[2])) if found else (today.year, today.month)
    return Month(date(year, number, 1), date(year, number, calendar.monthrange(year, number)[1]), today)


def weeks(month: Month, entries: Sequence[Entry], clashes: Iterable[Clash]) -> list[Week]:
    """The weeks of a month with what falls on them."""
    clashing = {(one.kind, one.id) for clash in clashes for one in (clash.mine, clash.other)}
    mondays = range(0, (month.last_shown - month.first_shown).days, WEEK)
    return [_week(month.first_shown + timedelta(days=monday), entries, clashing) for monday in mondays]


def _week(monday: date, entries: Sequence[Entry], clashing: set[tuple[Kind, int]]) -> Week:
    days = tuple(monday + timedelta(days=day) for day in range(WEEK))
    falling = [one for one in entries if one.starts_on <= days[-1] and one.ends_on >= monday]
    return Week(days, tuple(_bar(one, days, is_clashing=(one.kind, one.id) in clashing) for one in falling))


def _bar(entry: Entry, days: tuple[date, ...], *, is_clashing: bool) -> Bar:
    first, last = max(entry.starts_on, days[0]), min(entry.ends_on, days[-1])
    return Bar(
        entry=entry,
        column=(first - days[0]).days + 1,
        span=(last - first).days + 1,
        goes_on_before=entry.starts_on < days[0],
        goes_on_after=entry.ends_on > days[-1],
        clashes=is_clashing,
    )
