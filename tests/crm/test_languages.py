"""Two languages, and times as their reader reckons: which language is spoken, and how it writes numbers and times."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm import languages

NOON = datetime(2025, 12, 10, 12, 0, 7, tzinfo=UTC)


def test_a_text_that_nobody_translated_is_said_in_english():
    languages.speak("zh-Hans")

    assert languages.say("Never heard of") == "Never heard of"
    assert languages.say("Skip to content") == "跳到正文"


def test_a_word_with_two_meanings_is_said_by_its_context(tmp_path, monkeypatch):
    (tmp_path / "words.po").write_text(
        'msgctxt "verb"\nmsgid "Open"\nmsgstr "打开"\n\nmsgid "Open"\nmsgstr "未结"\n', "utf-8"
    )
    monkeypatch.setattr(languages, "CATALOGUES", tmp_path)
    languages.catalogue.cache_clear()
    languages.speak("zh-Hans")

    assert (languages.say_in("verb", "Open"), languages.say("Open"), languages.say_in("state", "Open")) == (
        "打开",
        "未结",
        "未结",
    )
    languages.catalogue.cache_clear()


@pytest.mark.parametrize(
    ("length", "english", "chinese"),
    [
        (timedelta(seconds=59), "under 1 min", "不到 1 分钟"),
        (timedelta(minutes=9, seconds=59), "9 min", "9 分钟"),
        (timedelta(hours=47, minutes=59), "47 h", "47 小时"),
        (timedelta(days=-1200), "1,200 days", "1,200 天"),
    ],
)
def test_a_length_of_time_is_told_in_one_unit(length, english, chinese):
    languages.speak("en")
    told = languages.span(length)
    languages.speak("zh-Hans")

    assert (told, languages.span(length)) == (english, chinese)


def test_a_moment_is_told_from_now():
    languages.speak("en")

    assert languages.ago(NOON - timedelta(minutes=4), NOON) == "4 min ago"
    assert languages.ago(NOON + timedelta(hours=3), NOON) == "in 3 h"


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Asia/Shanghai", "2025-12-10 20:00:07 UTC+8"),
        ("America/St_Johns", "2025-12-10 08:30:07 UTC\N{MINUS SIGN}3:30"),
        ("Asia/Kolkata", "2025-12-10 17:30:07 UTC+5:30"),
        ("UTC", "2025-12-10 12:00:07 UTC"),
    ],
)
def test_times_are_told_in_the_readers_zone(zone, told):
    languages.reckon(ZoneInfo(zone))

    assert languages.moment(NOON) == told
    languages.reckon()


def test_days_are_written_as_people_write_them():
    languages.speak("en")
    english = [languages.day(NOON), languages.weekday(NOON), languages.iso_day(NOON), languages.stamp(NOON)]
    languages.speak("zh-Hans")

    assert english == ["10 December", "Wednesday 10 December", "2025-12-10", "12-10 20:00"]
    assert [languages.day(date(2025, 1, 2)), languages.weekday(NOON)] == ["1月2日", "12月10日 周三"]
