"""Every interest ends at a store, in a queue or in a hold that says why, and a hold ends by itself when its reason does."""

from datetime import timedelta

import pytest

from leads import clocks, inbox
from tests.cast import (
    CHENGDU,
    DU,
    LI,
    MINUTE,
    NOON,
    WANG,
    a_lead,
    change_network,
    fetch,
    offers_of,
    open_chengdu,
    person_of,
    registration,
    says,
    send,
    stands,
    value,
    wants,
    work,
)
from tests.saying import LATER, accepted, answered, give, merge, withdraw


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


# Refused, and refused again


async def test_a_refusal_goes_to_the_next_store_and_never_to_the_same():
    lead = await a_lead()

    await answered(inbox.refuse, lead, reason="no_staff")
    await work(LATER)

    first, second = await offers_of(lead)
    assert (first[1], second[1]) == ("refused", "offered")
    assert {first[0], second[0]} == {"S1", "S2"}


async def test_when_nobody_is_left_people_of_the_alliance_take_over():
    lead = await a_lead()
    for minutes in (1, 2):
        await answered(inbox.refuse, lead, reason="no_staff", at=NOON + minutes * MINUTE)
        await work(NOON + minutes * MINUTE)

    assert await stands(lead) == [("alliance_queue", None)]
    assert [tuple(row) for row in await fetch("select reason, refusals, closed_at from alliance_task")] == [
        ("refused", 2, None)
    ]


async def test_after_as_many_stores_as_the_policy_allows_no_further_one_is_asked():
    await fetch("update routing_policy set data = data || '{\"max_offers\": 1}'")
    lead = await a_lead()

    await answered(inbox.refuse, lead, reason="no_staff")
    await work(LATER)

    assert await stands(lead) == [("alliance_queue", None)]
    assert len(await offers_of(lead)) == 1


async def test_whoever_lives_out_of_reach_is_for_people_to_place():
    lead = await a_lead(place={"region_code": "650102"})

    assert await stands(lead) == [("alliance_queue", None)]
    assert await value("select reason from alliance_task") == "out_of_reach"


async def test_a_no_takes_a_lead_off_the_desks_of_the_alliance():
    lead = await a_lead(place={"region_code": "650102"})

    await withdraw(await person_of(lead), "aito")
    await work(LATER)

    assert await stands(lead) == [("identified", "no_consent")]
    assert await value("select closed_by from alliance_task") == "journey"


# Holds release themselves


async def test_consent_that_was_given_later_releases_the_hold():
    lead = await a_lead(consents=[])

    await give(await person_of(lead))
    await work(LATER)

    assert await stands(lead) == [("offered", None)]


async def test_a_brand_that_finds_a_store_releases_the_hold(tmp_path):
    lead = await a_lead(interests=[wants("maextro")], consents=[says(True, "maextro")])
    assert await stands(lead) == [("cleared", "no_franchise")]

    await change_network(tmp_path, CHENGDU.replace("luxeed", "luxeed;maextro"), at=LATER)
    await work(LATER)

    assert await offers_of(lead) == [("S3", "offered")]


async def test_leads_are_taken_in_and_wait_where_there_are_no_stores_at_all(tmp_path):
    for table in ("store_operator", "franchise", "store_capability", "store", "network_version"):
        await fetch(f"delete from {table}")
    lead = await a_lead()
    assert await stands(lead) == [("cleared", "no_franchise")]

    await change_network(tmp_path, CHENGDU, at=LATER)
    await work(LATER)

    assert await stands(lead) == [("offered", None)]


async def test_the_next_day_releases_what_the_stores_could_not_take(tmp_path):
    await change_network(tmp_path, CHENGDU.replace(",50,", ",1,"))
    leads = [await a_lead(person=one) for one in (WANG, LI, DU)]
    for lead in leads[:2]:
        await accepted(lead)

    await work(NOON + timedelta(hours=11))
    assert await stands(leads[2]) == [("cleared", "no_capacity")]
    await work(clocks.next_day(NOON))

    assert [state for _, state in await offers_of(leads[2])] == ["offered"]


async def test_more_capacity_releases_the_hold_the_same_day(tmp_path):
    await change_network(tmp_path, CHENGDU.replace(",50,", ",0,"))
    lead = await a_lead()
    assert await stands(lead) == [("cleared", "no_capacity")]

    await change_network(tmp_path, CHENGDU, at=LATER)
    await work(LATER)

    assert await stands(lead) == [("offered", None)]


async def test_a_place_that_is_told_later_releases_the_hold():
    lead = await a_lead(place=None)
    assert await stands(lead) == [("cleared", "no_place")]

    await send(registration(interests=[], place={"region_code": "510107"}), at=LATER)
    await work(LATER)

    assert await stands(lead) == [("offered", None)]


async def test_a_place_that_a_merge_brings_releases_the_hold():
    lead = await a_lead(place=None)
    other = await a_lead(person=LI, interests=[], place={"region_code": "510107"})

    await merge(await person_of(lead), await person_of(other))
    await work(LATER)

    assert await stands(lead) == [("offered", None)]


async def test_a_review_that_is_closed_releases_the_hold():
    email = "lina.meng@qq.com"
    await send(registration(person=DU), registration(person={"name": LI["name"], "email": email}))
    lead = await a_lead(person={"phone": DU["phone"], "email": email})
    await give(await person_of(lead))
    await work(LATER)
    assert await stands(lead) == [("identified", "needs_review")]

    await merge(*(await fetch("select person, other from review_task"))[0])
    await work(LATER)

    assert await stands(lead) == [("offered", None)]
