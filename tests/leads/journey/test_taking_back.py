"""What the person takes back, the stores give back: offers end when their basis does, and a contract stays."""

import pytest

from crm import people
from crm.database import transaction
from tests.cast import DAY, LI, MINUTE, a_lead, offers_of, open_chengdu, person_of, says, stands, wants, work
from tests.saying import LATER, accepted, give, merge, withdraw


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


@pytest.mark.parametrize("dispositions", [None, [], ["contacted", "test_drive"]])
async def test_a_withdrawal_takes_offered_and_accepted_offers_back(dispositions):
    lead = await a_lead()
    if dispositions is not None:
        await accepted(lead, *dispositions)

    await withdraw(await person_of(lead), at=LATER + DAY)
    await work(LATER + DAY)

    assert [state for _, state in await offers_of(lead)] == ["withdrawn"]
    assert await stands(lead) == [("identified", "no_consent")]


@pytest.mark.parametrize("last", ["order", "delivered"])
async def test_an_order_is_a_contract_and_stays(last):
    lead = await a_lead()
    await accepted(lead, "contacted", last)

    await withdraw(await person_of(lead), at=LATER + DAY)
    await work(LATER + DAY)

    assert [state for _, state in await offers_of(lead)] == ["accepted"]
    assert await stands(lead) == [(last, None)]


async def test_a_lead_that_was_lost_is_taken_back_and_stays_lost():
    lead = await a_lead()
    await accepted(lead, "contacted", "lost")
    person = await person_of(lead)

    await withdraw(person, at=LATER + DAY)
    await work(LATER + DAY)
    await give(person, at=LATER + 2 * DAY)
    await work(LATER + 2 * DAY)

    assert [state for _, state in await offers_of(lead)] == ["withdrawn"]
    assert await stands(lead) == [("lost", None)]


async def test_a_withdrawal_for_another_brand_takes_nothing_back():
    lead = await a_lead()

    await withdraw(await person_of(lead), "luxeed")
    await work(LATER)

    assert [state for _, state in await offers_of(lead)] == ["offered"]


async def test_a_merge_with_somebody_who_said_no_takes_the_offer_back_and_unmerge_offers_it_again():
    lead = await a_lead()
    other = await a_lead(person=LI, interests=[], consents=[says(False, "aito")])

    merge_id = await merge(await person_of(lead), await person_of(other))
    await work(LATER)
    assert await stands(lead) == [("identified", "no_consent")]
    async with transaction():
        await people.unmerge(merge_id, actor="staff:1", at=LATER + MINUTE)
    await work(LATER + MINUTE)

    assert [state for _, state in await offers_of(lead)] == ["withdrawn", "offered"]


async def test_an_offer_whose_consent_goes_stays_only_at_the_store_that_was_asked_for():
    lead = await a_lead(interests=[wants(preferred_store="S3")], consents=[])
    other = await a_lead(person=LI, interests=[], consents=[says(True, "aito")])
    merge_id = await merge(await person_of(lead), await person_of(other))
    await work(LATER)
    assert [store for store, _ in await offers_of(lead)] in (["S1"], ["S2"])

    async with transaction():
        await people.unmerge(merge_id, actor="staff:1", at=LATER + MINUTE)
    await work(LATER + MINUTE)

    assert [state for _, state in await offers_of(lead)] == ["withdrawn"]
