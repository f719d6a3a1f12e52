"""What a row says of a lead, and what it keeps to itself."""

import pytest

from crm import consent
from crm.database import transaction
from leads import inbox
from tests.cast import (
    DU,
    LI,
    MINUTE,
    NOON,
    WANG,
    a_lead,
    colleague,
    dealer,
    open_chengdu,
    person_of,
    says,
    value,
    wants,
)
from tests.leads.lists.looking import listed


@pytest.fixture(autouse=True)
async def three_stores(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def the_row(actor, address="", *, at=NOON):
    [row] = (await listed(actor, address, at=at)).rows
    return row


async def test_the_alliance_reads_names_in_clear_and_contacts_masked():
    await a_lead(person=WANG | {"email": "wang@qq.com"})

    row = await the_row(await colleague("alliance_marketer"))

    assert (row.name, row.phone, row.email) == ("王建国", "137****7665", "w***@qq.com")


async def test_a_brand_reads_the_name_once_the_person_agreed_to_be_known_to_it():
    lead = await a_lead()
    marketer = await colleague("brand_marketer")
    assert (await the_row(marketer)).name == "王**"

    brand, person = await value("select id from brand where code = 'aito'"), await person_of(lead)
    async with transaction():
        await consent.give(person, purpose="share_with_brand", brands=[brand], at=NOON, actor="tester")

    assert (await the_row(marketer)).name == "王建国"


async def test_a_row_shows_two_interests_and_counts_the_rest():
    await a_lead(interests=[wants("aito"), wants("luxeed"), wants("stelato", "test_drive")])

    row = await the_row(await colleague("alliance_marketer"))

    assert (len(row.shown), row.more, row.kinds) == (2, 1, ("buy", "test_drive"))


async def test_a_brand_sees_its_own_interests_of_a_lead_alone():
    await a_lead(interests=[wants("luxeed"), wants("aito", "test_drive")], consents=[says(True, "aito")])

    row = await the_row(await colleague("brand_marketer"))

    assert ([one.kind for one in row.interests], row.stage, row.hold) == (["test_drive"], "offered", None)


async def test_a_row_stands_where_its_least_advanced_interest_stands():
    await a_lead(interests=[wants("luxeed"), wants("aito")], consents=[says(True, "aito")])
    marketer = await colleague("alliance_marketer")

    assert (await the_row(marketer)).hold == "no_consent"
    assert (await the_row(marketer, "stage=offered")).stage == "offered"


@pytest.mark.parametrize(
    ("minutes", "words", "tone"),
    [(0, "30 min left", None), (27, "3 min left", "warn"), (30, "Late under 1 min", "bad"), (39, "Late 9 min", "bad")],
)
async def test_an_open_offer_counts_down_and_then_up(minutes, words, tone):
    await a_lead()

    row = await the_row(await colleague("alliance_marketer"), at=NOON + minutes * MINUTE)

    assert (row.clock.words, row.clock.tone) == (words, tone)


async def test_what_is_held_counts_how_long_it_waits():
    await a_lead(person=DU, consents=[])

    row = await the_row(await colleague("alliance_marketer"), at=NOON + 26 * MINUTE)

    assert (row.clock.words, row.store) == ("Waiting 26 min", None)


async def test_an_accepted_lead_is_to_be_called_and_a_contacted_one_tells_how_quick_the_store_was():
    lead = await a_lead(person=LI)
    offer = await value("select offer.id from offer join interest on interest.id = interest where lead = $1", lead)
    holder = await value(
        "select dealer.code from offer join dealer on dealer.id = offer.dealer where offer.id = $1", offer
    )
    taker = await dealer(holder)
    async with transaction():
        await inbox.accept(offer, dealer=taker, at=NOON + 6 * MINUTE)
    marketer = await colleague("alliance_marketer")

    row = await the_row(marketer, at=NOON + 7 * MINUTE)
    assert (row.stage, row.clock.kind, row.clock.at) == ("accepted", "call_by", NOON + 36 * MINUTE)
    assert (await the_row(marketer, at=NOON + 40 * MINUTE)).clock.words == "Call late 4 min"
