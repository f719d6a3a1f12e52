"""An offer's instants follow from its beginning; a store's day follows its own calendar."""

from datetime import UTC, datetime

from leads import clocks
from leads.routing.policies import Policy

OFFERED = datetime(2025, 8, 29, 15, 50, tzinfo=UTC)


def test_an_answer_is_late_before_the_offer_moves_on():
    late, over = clocks.answer_due_at(OFFERED, policy=Policy()), clocks.expires_at(OFFERED, policy=Policy())

    assert [(instant - OFFERED).total_seconds() / 60 for instant in (late, over)] == [30, 45]


def test_the_stores_next_day_begins_at_their_midnight():
    assert clocks.next_day(OFFERED) == datetime(2025, 8, 29, 16, tzinfo=UTC)
    assert clocks.next_day(clocks.next_day(OFFERED)) == datetime(2025, 8, 30, 16, tzinfo=UTC)


def test_protection_counts_back_from_the_capture():
    assert clocks.protected_since(OFFERED, policy=Policy(protection_days=2)) == OFFERED.replace(day=27)
