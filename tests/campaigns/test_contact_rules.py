"""How often and when: quiet hours on the clock of a zone, over midnight too, and a budget whose window is exact at its edges."""

from datetime import UTC, datetime, time, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.invitations import rules
from campaigns.invitations.deciding import Asked, Known, Use, decide
from campaigns.invitations.rules import Rules
from crm.consent import Standing
from crm.database import transaction
from crm.errors import Invalid

NOON = datetime(2025, 8, 29, 4, tzinfo=UTC)
USUAL = Rules(
    budget=2, days=7, opens=time(8), closes=time(21), zone="Asia/Shanghai", spares_owners=True, segments=3,
    signature_zh="联盟", signature_en="Alliance", version=1,
)  # fmt: skip
AGREED = Standing("alliance_marketing", 1, None, "given", None, NOON - timedelta(days=90))  # type: ignore[arg-type]
MAIL = Asked(kind="brand", channel="email", brand=1)
MOMENTS = st.timedeltas(timedelta(), timedelta(days=365)).map(lambda since: NOON + since)


def at(clock, day=29):
    hour, minute = map(int, clock.split(":"))
    return datetime(2025, 8, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.parametrize(
    ("clock", "is_open", "opening"),
    [
        ("07:59", False, at("08:00")),
        ("08:00", True, at("08:00")),
        ("20:59", True, at("20:59")),
        ("21:00", False, at("08:00", 30)),
        ("23:59", False, at("08:00", 30)),
        ("00:00", False, at("08:00")),
    ],
)
def test_between_evening_and_morning_nobody_is_written_to(clock, is_open, opening):
    assert USUAL.is_open(at(clock)) == is_open
    assert USUAL.next_opening(at(clock)) == opening


@pytest.mark.parametrize(
    ("clock", "is_open"), [("21:59", False), ("22:00", True), ("00:30", True), ("01:59", True), ("02:00", False)]
)
def test_hours_that_close_after_midnight_are_one_piece(clock, is_open):
    night = msgspec.structs.replace(USUAL, opens=time(22), closes=time(2))

    assert night.is_open(at(clock)) == is_open


@given(MOMENTS)
def test_the_next_opening_is_open_and_no_moment_before_it_is(moment):
    opening = USUAL.next_opening(moment)

    assert USUAL.is_open(opening)
    assert opening >= moment
    assert opening == moment or not USUAL.is_open(opening - timedelta(microseconds=1))


@given(st.lists(st.timedeltas(timedelta(), timedelta(days=20)), max_size=8), st.integers(1, 4))
def test_the_budget_is_free_from_the_very_moment_that_it_says_and_not_a_moment_before(ages, budget):
    house, moment = msgspec.structs.replace(USUAL, budget=budget), NOON
    uses = [Use(moment - age, "brand") for age in ages]

    free = house.free_from([use.at for use in uses], moment)
    opened = msgspec.structs.replace(house, opens=time(0), closes=time(23, 59, 59))

    def fate(when):
        return decide(MAIL, Known(standings=[AGREED], uses=uses), opened, at=when).reason

    assert (fate(moment) == "budget") == (free > moment)
    if free > moment:
        assert fate(free - timedelta(microseconds=1)) in ("budget", "quiet_hours")
        assert fate(free) in (None, "quiet_hours")


@given(st.lists(st.timedeltas(timedelta(), timedelta(days=3)), min_size=1, max_size=40))
def test_in_no_seven_days_does_anybody_get_more_than_the_budget(gaps):
    moment = NOON
    sent: list[datetime] = []
    for gap in gaps:
        moment += gap
        uses = [Use(one, "brand") for one in sent]
        if decide(MAIL, Known(standings=[AGREED], uses=uses), USUAL, at=moment).fate == "send":
            sent.append(moment)

    for first in sent:
        assert sum(first <= one < first + USUAL.window for one in sent) <= USUAL.budget


def test_a_message_about_a_registration_goes_at_night_and_beyond_the_budget():
    uses = [Use(NOON, "brand")] * 5
    asked = Asked(kind="transactional", channel="sms")

    assert decide(asked, Known(uses=uses), USUAL, at=at("23:00")).fate == "send"


def test_who_answered_stop_still_hears_about_their_registration_and_a_bounced_address_nothing():
    asked = Asked(kind="transactional", channel="sms")

    assert [decide(asked, Known(stop=stop), USUAL, at=NOON).fate for stop in ("stopped", "bounced")] == [
        "send",
        "suppress",
    ]


def test_what_held_somebody_back_says_by_whom():
    uses = [Use(NOON - timedelta(days=3), "brand"), Use(NOON - timedelta(days=1), "joint")]

    verdict = decide(MAIL, Known(standings=[AGREED], uses=uses), USUAL, at=NOON)

    assert (verdict.fate, verdict.reason) == ("suppress", "budget")
    assert verdict.detail == {"used": 2, "budget": 2, "last": "joint"}
    assert verdict.next_at == NOON + timedelta(days=4)


def test_with_one_place_left_the_more_important_message_has_it():
    known = Known(standings=[AGREED], uses=[Use(NOON - timedelta(days=1), "brand")], ahead=1)

    assert decide(MAIL, known, USUAL, at=NOON).reason == "precedence"


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (Known(), "no_consent"),
        (Known(standings=[AGREED], has_address=False), "no_address"),
        (Known(standings=[AGREED], stop="bounced"), "bounced"),
        (Known(standings=[AGREED], owns=frozenset({2})), "sister_owner"),
        (Known(standings=[AGREED], owns=frozenset({1, 2})), None),
    ],
)
def test_each_reason_is_told(known, reason):
    assert decide(MAIL, known, USUAL, at=NOON).reason == reason


async def test_rules_that_somebody_else_changed_meanwhile_are_not_overwritten():
    async with transaction():
        await rules.change(USUAL, actor="tester", at=NOON)

    with pytest.raises(rules.RulesAreNewer):
        async with transaction():
            await rules.change(USUAL, actor="tester", at=NOON)


async def test_a_zone_that_nobody_knows_is_refused():
    with pytest.raises(Invalid):
        async with transaction():
            await rules.change(msgspec.structs.replace(USUAL, zone="China"), actor="tester", at=NOON)
