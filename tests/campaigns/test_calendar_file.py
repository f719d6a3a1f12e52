"""Calendar files, as a calendar reads them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import icalendar
import pytest

from campaigns import calendar_file
from campaigns.calendar_file import Appointment

START = datetime(2026, 5, 1, 2, tzinfo=UTC)
ID = UUID("018f0000-0000-7000-8000-000000000001")


def read(**facts):
    usual: dict[str, Any] = {
        "id": ID, "title": "联合展, 试驾; M9", "starts": START, "ends": START + timedelta(minutes=40), "venue": "世纪城国际会展中心" * 6,
        "description": "line one\nline two \\ end", "url": "https://marquee.test/g/x", "sequence": 0, "method": "REQUEST",
        "written_at": START - timedelta(days=3),
    }  # fmt: skip
    written = calendar_file.written(Appointment(**usual | facts))
    calendar = icalendar.Calendar.from_ical(written)
    return written, calendar, calendar.walk("VEVENT")[0]


def test_a_calendar_reads_what_was_written():
    _, calendar, event = read()

    assert (calendar["METHOD"], calendar["VERSION"]) == ("REQUEST", "2.0")
    assert (event["SUMMARY"], event["LOCATION"]) == ("联合展, 试驾; M9", "世纪城国际会展中心" * 6)
    assert event["DESCRIPTION"] == "line one\nline two \\ end"
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (START, START + timedelta(minutes=40))
    assert not event.errors


def test_a_change_keeps_its_name_and_counts_on_and_a_cancellation_says_so():
    first, changed, gone = read(), read(sequence=1), read(sequence=2, method="CANCEL")

    assert {str(one[2]["UID"]) for one in (first, changed, gone)} == {f"{ID}@marquee"}
    assert [int(one[2]["SEQUENCE"]) for one in (first, changed, gone)] == [0, 1, 2]
    assert (gone[1]["METHOD"], gone[2]["STATUS"]) == ("CANCEL", "CANCELLED")


def test_an_event_of_whole_days_includes_its_last():
    _, _, event = read(starts=date(2026, 5, 1), ends=date(2026, 5, 3))

    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (date(2026, 5, 1), date(2026, 5, 4))


def test_no_line_is_too_long_and_all_end_as_the_standard_says():
    written, _, _ = read()

    lines = written.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert lines[-1] == b""
    for line in lines:
        line.decode()


@pytest.mark.parametrize("nasty", ["a\rBEGIN:VALARM", "x\nATTENDEE:mailto:a@b.c", "\x00\x1f"])
def test_nothing_that_was_typed_becomes_a_line_of_its_own(nasty):
    _, _, event = read(title=nasty, venue=nasty)

    assert "ATTENDEE" not in event
    assert not event.subcomponents
