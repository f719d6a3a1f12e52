"""Nothing is handed over without a basis: the gate asks for consent or the person's own request, and hears every no."""

import pytest

from leads import inbox
from tests.cast import (
    CHENGDU,
    MINUTE,
    a_lead,
    change_network,
    offers_of,
    open_chengdu,
    person_of,
    says,
    stands,
    value,
    wants,
    work,
)
from tests.saying import LATER, accepted, answered, give


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def test_with_consent_a_wish_is_offered_to_a_store_of_its_brand():
    lead = await a_lead()

    assert await stands(lead) == [("offered", None)]
    assert await value("select basis from offer") == "consent"


async def test_without_consent_and_without_a_request_a_wish_waits():
    lead = await a_lead(consents=[])

    assert await stands(lead) == [("identified", "no_consent")]
    assert await value("select count(*) from receipt") == 0


@pytest.mark.parametrize("kind", ["test_drive", "call_back"])
async def test_what_was_asked_of_a_store_is_itself_a_basis(kind):
    await a_lead(interests=[wants(kind=kind)], consents=[])

    assert await value("select basis from offer") == "requested"
    assert await value("select purpose from sharing_entry") == "requested"


@pytest.mark.parametrize("kind", ["buy", "lease", "other"])
async def test_who_names_the_very_store_asked_that_store_and_no_other(kind):
    lead = await a_lead(interests=[wants(kind=kind, preferred_store="S2")], consents=[])

    assert await offers_of(lead) == [("S2", "offered")]
    await answered(inbox.refuse, lead, reason="no_staff")
    await work(LATER)
    assert await offers_of(lead) == [("S2", "refused")]
    assert await stands(lead) == [("cleared", "no_consent")]


async def test_the_one_store_asked_for_is_asked_as_soon_as_it_may_sell_the_brand(tmp_path):
    await change_network(
        tmp_path, CHENGDU.replace("S2,成都二号店,D2,user_centre,aito", "S2,成都二号店,D2,user_centre,luxeed")
    )
    lead = await a_lead(interests=[wants(preferred_store="S2")], consents=[])
    assert await stands(lead) == [("cleared", "no_consent")]

    await change_network(tmp_path, CHENGDU, at=LATER)
    await work(LATER)

    assert await offers_of(lead) == [("S2", "offered")]


@pytest.mark.parametrize("wish", [wants(kind="test_drive"), wants(kind="call_back"), wants(preferred_store="S2")])
async def test_nothing_is_ever_handed_over_against_a_no(wish):
    lead = await a_lead(interests=[wish], consents=[says(False, "aito")])

    assert await stands(lead) == [("identified", "no_consent")]


async def test_a_no_to_one_brand_does_not_stop_the_other():
    both = [wants("aito", "test_drive"), wants("luxeed", "test_drive")]

    lead = await a_lead(interests=both, consents=[says(False, "aito")])

    assert await stands(lead) == [("identified", "no_consent"), ("offered", None)]


async def test_a_wish_without_a_brand_waits_for_one():
    lead = await a_lead(interests=[wants(None)])

    assert await stands(lead) == [("identified", "no_interest")]


async def test_a_child_is_offered_to_nobody_until_a_guardian_agrees():
    lead = await a_lead(interests=[wants(kind="test_drive")], consents=[says(True, "aito")], remark="年龄13岁")
    person = await person_of(lead)
    assert await stands(lead) == [("identified", "no_consent")]
    assert await value("select count(*) from consent") == 0

    # Something else changes about the person, so that the gate looks again: a child's own request is still no basis.
    await give(person, "luxeed")
    await work(LATER)
    assert await stands(lead) == [("identified", "no_consent")]

    await give(person, "aito")
    await work(LATER)
    assert await stands(lead) == [("offered", None)]


async def test_an_offer_needs_no_place_when_the_very_store_was_asked_for():
    lead = await a_lead(place=None, interests=[wants(preferred_store="S1")], consents=[])

    assert await offers_of(lead) == [("S1", "offered")]


# One person, several wishes


async def test_wishes_for_two_brands_are_two_offers():
    lead = await a_lead(interests=[wants("aito"), wants("luxeed")], consents=[says(True, "aito", "luxeed")])

    assert sorted((await offers_of(lead)), key=lambda one: one[0] == "S3")[1] == ("S3", "offered")
    assert await value("select count(distinct brand) from offer") == 2


async def test_two_wishes_for_one_brand_share_an_offer():
    lead = await a_lead(interests=[wants("aito", model="M9"), wants("aito", "test_drive")])

    assert await stands(lead) == [("offered", None)] * 2
    assert await value("select count(*) from offer") == 1
    assert await value("select sum(offered) from store_day") == 1


async def test_two_wishes_for_one_brand_that_nobody_sells_wait_both():
    lead = await a_lead(interests=[wants("maextro"), wants("maextro", "test_drive")], consents=[says(True, "maextro")])

    assert await stands(lead) == [("cleared", "no_franchise")] * 2


async def test_who_asks_again_joins_the_open_offer_and_takes_no_capacity():
    await a_lead()
    again = await a_lead(at=LATER, interests=[wants(kind="call_back")])

    assert await stands(again) == [("offered", None)]
    assert await value("select count(*) from offer") == 1
    assert await value("select sum(offered) from store_day") == 1


async def test_who_asks_again_after_acceptance_gets_an_offer_at_the_same_store():
    first = await a_lead()
    await accepted(first)

    again = await a_lead(at=LATER + MINUTE)

    assert [store for store, _ in await offers_of(again)] == [store for store, _ in await offers_of(first)]
    assert await value("select tier from receipt order by decided_at desc limit 1") == "protected"
