"""Days as people name them in a filter: today, yesterday, the last seven or thirty days, or a date; on the alliance's calendar.

Promises that a named day moves with the clock, so that a saved view of today shows today. What is no day is None.
"""

from datetime import UTC, date, datetime, time, timedelta

import msgspec

from crm.languages import later, say
from crm.network import LOCAL, local_day


class Day(msgspec.Struct, frozen=True):
    """The days from `first` to `last`, what they are called, and how a filter that begins or ends with them reads."""

    name: str
    first: date
    last: date
    since: str
    until: str


NAMES = (
    ("today", later("today")),
    ("yesterday", later("yesterday")),
    ("7-days", later("last 7 days")),
    ("30-days", later("last 30 days")),
)


def read(text: str, *, at: datetime) -> Day | None:
    """The day or days that a text names."""
    today = local_day(at)
    back = {"today": (0, 0), "yesterday": (1, 1), "7-days": (6, 0), "30-days": (29, 0)}.get(text)
    if back:
        word = say(dict(NAMES)[text])
        first, last = (today - timedelta(days=count) for count in back)
        return Day(word, first, last, word if text != "yesterday" else say(later("since yesterday")), _until(word))
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Databases and calendars both end somewhere.
    if not date(2000, 1, 1) <= day <= date(2200, 1, 1):
        return None
    return Day(str(day), day, day, say(later("since %(day)s")) % {"day": day}, _until(str(day)))


def begin(day: date) -> datetime:
    """The first moment of a day."""
    return datetime.combine(day, time(), tzinfo=LOCAL).astimezone(UTC)


def end(day: date) -> datetime:
    """The first moment after a day."""
    return begin(day + timedelta(days=1))


def _until(word: str) -> str:
    return say(later("until %(day)s")) % {"day": word}
