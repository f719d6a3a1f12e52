"""The closed sets agree with each other, and a lead is as far as the wish that needs most attention."""

import pytest

from campaigns.touchpoints import Fact
from crm.database import current, transaction
from leads import kinds
from leads.kinds import DISPOSITIONS, HOLDS, INTERESTS, RANKS, REASONS, STAGES


@pytest.mark.parametrize(
    ("interests", "lead"),
    [
        ([], ("identified", "no_interest")),
        ([("offered", None)], ("offered", None)),
        ([("accepted", None), ("cleared", "no_capacity")], ("cleared", "no_capacity")),
        ([("order", None), ("identified", "no_consent"), ("offered", None)], ("identified", "no_consent")),
        ([("lost", None), ("contacted", None)], ("contacted", None)),
        ([("lost", None), ("lost", None)], ("lost", None)),
        ([("recorded", None)], ("recorded", None)),
        ([("identified", None), ("identified", "no_consent")], ("identified", "no_consent")),
        ([("identified", "no_consent"), ("identified", None)], ("identified", "no_consent")),
    ],
)
def test_a_lead_stands_where_its_least_advanced_wish_does(interests, lead):
    assert kinds.of_lead(interests) == lead


def test_every_disposition_leads_to_a_stage_and_a_fact_that_exist():
    assert {kind.stage for kind in DISPOSITIONS} - {None} <= RANKS.keys()
    assert {kind.milestone for kind in DISPOSITIONS} - {None} <= {fact.name for fact in Fact}


def test_stages_are_listed_in_the_order_of_the_way():
    assert list(RANKS.values()) == sorted(set(RANKS.values()))


def test_every_reason_fits_somewhere_and_what_can_be_asked_of_a_store_is_a_kind():
    assert {reason.fits for reason in REASONS} == {"lost", "refusal", "both"}
    assert {kind.code for kind in INTERESTS} >= kinds.REQUESTS


def test_every_word_is_there_in_both_languages():
    assert all(row.name_zh and row.name_en for row in (*INTERESTS, *STAGES, *HOLDS, *DISPOSITIONS, *REASONS))


async def test_the_closed_sets_are_written_once():
    async with transaction():
        await current().execute("delete from reason where code = 'price'")
        await kinds.seed()
        await kinds.seed()

        counts = [await current().fetchval(f"select count(*) from {table}") for table in ("stage", "hold", "reason")]
    assert counts == [len(STAGES), len(HOLDS), len(REASONS)]
