"""Every campaign has an address and a day, on its own calendar."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from campaigns.heads import CampaignHead, reference

HEAD = CampaignHead(
    id=7,
    code="cd-show",
    name="x",
    status="live",
    starts_on=date(2025, 8, 29),
    ends_on=date(2025, 9, 7),
    time_zone="Asia/Shanghai",
    region="510100",
    version=1,
)


def head(**facts):
    return msgspec.structs.replace(HEAD, **facts)


@pytest.mark.parametrize(
    ("moment", "day"),
    [("2025-08-28T15:59", None), ("2025-08-28T16:00", 1), ("2025-09-07T15:59", 10), ("2025-09-07T16:00", None)],
)
def test_a_day_begins_at_midnight_where_the_campaign_is(moment, day):
    assert head().day(datetime.fromisoformat(moment).replace(tzinfo=UTC)) == day


def test_without_days_there_is_no_day():
    assert (head(ends_on=None).day(datetime(2025, 8, 30, tzinfo=UTC)), head(ends_on=None).days) == (None, None)


def test_its_zone_is_that_of_its_first_day():
    assert (
        head(time_zone="Europe/Berlin").zone,
        head(time_zone="Europe/Berlin", starts_on=date(2025, 12, 1)).zone,
    ) == ("UTC+2", "UTC+1")


NAMED = {"cd-show": "cd-show", "车展": "%E8%BD%A6%E5%B1%95", "a b&c": "a%20b%26c"} | dict.fromkeys(
    ("a/b", "new", "calendar", "..", "~3", "a\\b"), "~7"
)


@pytest.mark.parametrize(("code", "named"), NAMED.items())
def test_what_an_address_cannot_hold_is_named_by_its_number(code, named):
    assert reference(code, 7) == named
