"""Who competes for a wish and who wins it, as arithmetic: no database, no clock."""

from datetime import UTC, datetime

import msgspec
import pytest

from leads.routing.choice import Candidate, Facts, WishFacts, choose, field_of
from leads.routing.policies import Policy

WISH = WishFacts(
    brand=1, kind="buy", capability="sales", captured_at=datetime(2025, 8, 29, tzinfo=UTC), region="510107",
    longitude=104.05, latitude=30.64, preferred_store=None, only_store=None,
)  # fmt: skip


def store(no, metres, *, shares="city", weight=1, capacity=100_000, offered=0, bar=None):
    return Candidate(no, f"S{no:04}", metres, shares, weight, capacity, offered, bar)


def facts(*candidates, rules=Policy(), held_by=None, ended_offers=0, sellers=9, **wish):  # noqa: B008 - frozen
    asked = msgspec.structs.replace(WISH, **wish)
    return Facts(asked, rules, held_by, ended_offers, sellers, {"no_franchise": 3}, candidates)


def chosen(known):
    choice = choose(known, credits_before={})
    return choice.outcome, choice.tier, choice.winner


def reasons(known):
    return {other.store: other.reason for other in choose(known, credits_before={}).others}


def test_a_nearer_tier_wins_over_a_nearer_store():
    assert chosen(facts(store(1, 20_000, shares="district"), store(2, 1_000))) == ("offered", "district", 1)


@pytest.mark.parametrize(
    ("candidate", "tier"),
    [
        (store(1, 40_000, shares="district"), "district"),
        (store(1, 15_000, shares=None), "near"),
        (store(1, 60_000, shares="city"), "city"),
        (store(1, 200_000, shares="province"), "province"),
    ],
)
def test_each_tier_reaches_as_far_as_its_rule_says(candidate, tier):
    assert chosen(facts(candidate)) == ("offered", tier, 1)


@pytest.mark.parametrize("candidate", [store(1, 15_001, shares=None), store(1, 200_001, shares="province")])
def test_beyond_every_tier_the_alliance_queue_takes_over(candidate):
    assert chosen(facts(candidate)) == ("alliance_queue", None, None)
    assert reasons(facts(candidate)) == {1: "too_far"}


def test_the_store_that_holds_the_person_comes_before_the_one_that_is_asked_for():
    known = facts(store(1, 1_000), store(2, 500_000, shares=None), store(3, 2_000), held_by=2, preferred_store=3)

    assert chosen(known) == ("offered", "protected", 2)
    assert reasons(known) == {1: "other_tier", 3: "other_tier"}


def test_a_full_preferred_store_lets_the_next_tiers_serve():
    known = facts(store(1, 1_000, capacity=5, offered=5), store(2, 2_000), preferred_store=1)

    assert chosen(known) == ("offered", "near", 2)
    assert reasons(known) == {1: "capacity_used"}


def test_the_pool_ends_at_half_again_the_nearest_distance():
    known = facts(store(1, 4_000), store(2, 6_000), store(3, 6_001))

    assert {candidate.store for candidate in field_of(known).pool} == {1, 2}
    assert reasons(known) == {3: "farther"}


def test_near_stores_compete_within_five_kilometres_whatever_the_nearest():
    assert len(field_of(facts(store(1, 100), store(2, 4_999), store(3, 5_001))).pool) == 2


def test_a_barred_store_is_never_chosen():
    known = facts(store(1, 100, bar="refused_before"), store(2, 200, bar="no_capability"), store(3, 4_000))

    assert chosen(known) == ("offered", "near", 3)
    assert reasons(known) == {1: "refused_before", 2: "no_capability"}


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        (facts(sellers=0), "no_franchise"),
        (facts(store(1, 10), ended_offers=3), "alliance_queue"),
        (facts(store(1, 10, capacity=1, offered=1)), "no_capacity"),
        (facts(store(1, 10, capacity=1, offered=1, bar="refused_before")), "alliance_queue"),
        (facts(store(1, 300_000, shares="province", capacity=1, offered=1)), "alliance_queue"),
        (facts(longitude=None, latitude=None), "no_place"),
        (facts(store(1, 10), only_store=7), "no_consent"),
        (facts(store(1, 10), store(7, 20, bar="refused_before"), only_store=7), "no_consent"),
        (facts(store(1, 10), store(7, 20, capacity=0), only_store=7), "no_capacity"),
    ],
)
def test_when_nobody_can_take_it_the_outcome_says_why(known, outcome):
    assert chosen(known) == (outcome, None, None)


def test_without_a_point_only_the_store_that_holds_or_was_named_is_asked():
    known = facts(store(7, None, shares=None), longitude=None, latitude=None, preferred_store=7)

    assert chosen(known) == ("offered", "preferred", 7)


def test_a_request_to_one_store_goes_to_that_store_or_to_nobody():
    known = facts(store(1, 10), store(7, 900_000, shares=None), only_store=7)

    assert chosen(known) == ("offered", "preferred", 7)
    assert reasons(known) == {1: "not_allowed"}


def test_ten_thousand_leads_from_one_place_keep_every_store_at_its_share_all_the_way():
    weights = {1: 1, 2: 2, 3: 3, 4: 1, 5: 5}
    known = facts(*(store(no, 4_900 - 900 * no, weight=weight) for no, weight in weights.items()))
    credits_now: dict[int, int] = {}
    won: dict[int | None, int] = dict.fromkeys(weights, 0)
    worst = 0.0

    for count in range(1, 10_001):
        choice = choose(known, credits_before=credits_now)
        credits_now = {share.store: share.credit_after for share in choice.pool}
        won[choice.winner] += 1
        assert sum(credits_now.values()) == 0
        worst = max(worst, *(abs(won[no] - count * weight / 12) / weight for no, weight in weights.items()))

    assert worst <= 1
    assert sum(won.values()) == 10_000


def test_equal_credits_go_to_the_nearer_store_and_then_to_the_earlier_code():
    assert chosen(facts(store(2, 300), store(1, 300), store(3, 200)))[2] == 3
    assert chosen(facts(store(2, 300), store(1, 300)))[2] == 1


def test_another_weight_makes_another_pool():
    keys = [field_of(facts(store(1, 10), store(2, 20, weight=weight))).pool_key for weight in (1, 2)]

    assert keys[0] != keys[1]
    assert [len(key or b"") for key in keys] == [32, 32]


def test_every_store_is_told_once_in_the_pool_among_the_others_or_in_the_counts():
    choice = choose(facts(*(store(no, no * 1_000, weight=no) for no in range(1, 100))), credits_before={})

    assert len(choice.others) == 50
    assert len(choice.pool) + len(choice.others) + sum(choice.refused.values()) == 99 + 3
    assert [other.store for other in choice.others] == sorted(other.store for other in choice.others)
