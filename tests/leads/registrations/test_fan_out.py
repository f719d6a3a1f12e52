"""One guest and several brands: how many ask at once, whose turn is next, and how the first order ends it for all others."""

from datetime import timedelta

import pytest

from campaigns.lead_rules import LeadRule
from crm.database import transaction
from leads import inbox
from leads.inbox.dispositions import Said
from tests.cast import MINUTE, NOON, a_lead, dealer, fetch, open_chengdu, signed_in, stands, value, work
from tests.leads.registrations.guests import follows, lead_of, registers

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def offers(lead):
    """Brand, state and reason of every offer of a lead, and their ids and dealers by brand."""
    rows = await fetch(
        """
        select offer.id, brand.code as brand, offer.state, offer.reason, dealer.code as dealer from offer
        join interest on interest.id = offer.interest join brand on brand.id = offer.brand join dealer on dealer.id = offer.dealer
        where interest.lead = $1 order by interest.rank, offered_at
        """,
        lead,
    )
    return {row["brand"]: row for row in rows}


async def says(offer, kind, *, at, **facts):
    """The store accepts, and says this of it."""
    who = await dealer(offer["dealer"])
    async with transaction():
        if offer["state"] == "offered":
            await inbox.accept(offer["id"], dealer=who, at=at)
        await inbox.dispose(offer["id"], Said(kind=kind, at=at, **facts), dealer=who, at=at)


async def a_guest(*brands, rule):
    await follows(rule)
    guest = await registers(*brands)
    await work()
    lead = await lead_of(guest)
    assert lead
    return lead


async def test_exclusive_gives_the_first_brand_alone_even_when_it_loses():
    lead = await a_guest("aito", "luxeed", rule=LeadRule(fan_out="exclusive"))
    made = await offers(lead)
    assert made.keys() == {"aito"}

    await says(made["aito"], "lost", at=NOON + MINUTE, reason="price")
    await work(NOON + MINUTE)

    assert await stands(lead) == [("lost", None)]


async def test_in_turn_the_next_brand_asks_when_the_first_has_lost():
    lead = await a_guest("aito", "luxeed", rule=LeadRule(fan_out="in_turn"))
    made = await offers(lead)
    assert made.keys() == {"aito"}

    await says(made["aito"], "lost", at=NOON + MINUTE, reason="price")
    await work(NOON + MINUTE)

    assert await stands(lead) == [("lost", None), ("offered", None)]
    assert (await offers(lead))["luxeed"]["state"] == "offered"


async def test_in_parallel_no_more_than_the_rule_says_ask_at_once():
    lead = await a_guest("stelato", "aito", "luxeed", rule=LeadRule(fan_out="parallel", at_most=2))

    assert [stage for stage, _ in await stands(lead)] == ["cleared", "offered"]  # nobody sells a Stelato here


async def test_the_first_order_ends_it_for_the_other_brands_and_their_stores_hear_of_it():
    lead = await a_guest("aito", "luxeed", rule=LeadRule(fan_out="parallel", at_most=2))
    made = await offers(lead)

    await says(made["luxeed"], "order", at=NOON + MINUTE, value_fen=25_000_000)
    await work(NOON + MINUTE)

    assert await stands(lead) == [("lost", None), ("order", None)]
    over = (await offers(lead))["aito"]
    assert (over["state"], over["reason"]) == ("withdrawn", "ordered_elsewhere")
    last = "select type from offer_event where offer = $1 order by seq desc limit 1"
    assert await value(last, over["id"]) == "withdrawn"
    assert await value("select closed_at is not null from fan_out where lead = $1", lead)


async def test_an_order_also_ends_what_still_waited_for_its_turn():
    lead = await a_guest("aito", "luxeed", rule=LeadRule(fan_out="in_turn"))

    await says((await offers(lead))["aito"], "order", at=NOON + MINUTE, value_fen=25_000_000)
    await work(NOON + MINUTE)

    assert await stands(lead) == [("order", None)]


async def test_a_deposit_elsewhere_is_a_contract_and_stays():
    lead = await a_guest("aito", "luxeed", rule=LeadRule())
    made = await offers(lead)
    await says(made["aito"], "deposit", at=NOON + MINUTE, value_fen=200_000)

    await says(made["luxeed"], "order", at=NOON + 2 * MINUTE, value_fen=25_000_000)
    await work(NOON + 2 * MINUTE)

    assert await stands(lead) == [("deposit", None), ("order", None)]
    assert (await offers(lead))["aito"]["state"] == "accepted"


async def test_another_enquiry_that_joined_such_an_offer_goes_on_by_itself():
    lead = await a_guest("aito", "luxeed", rule=LeadRule())
    other = await a_lead(at=NOON + MINUTE)
    assert await stands(other) == [("offered", None)]

    await says((await offers(lead))["luxeed"], "order", at=NOON + 2 * MINUTE, value_fen=25_000_000)
    await work(NOON + 2 * MINUTE)

    assert await stands(lead) == [("lost", None), ("order", None)]
    assert await stands(other) == [("offered", None)]


async def test_the_lead_says_whose_turn_comes_next_to_whom_it_concerns():
    lead = await a_guest("aito", "luxeed", rule=LeadRule(fan_out="in_turn"))
    marketer, neighbour = await signed_in("alliance_marketer"), await signed_in("brand_marketer", brand="aito")

    for client, sees in ((marketer, True), (neighbour, False)):
        page = (await client.get(f"/leads/{lead}")).text
        assert ("Their turn comes" in page) is sees
