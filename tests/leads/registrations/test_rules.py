"""A guest becomes a lead when the campaign's rule says so: once, of the person who registered, for the brands that the rule names."""

import asyncio

import pytest

from campaigns.lead_rules import LeadRule
from crm.database import current, transaction
from leads import registrations
from tests.cast import DAY, DU, LI, MINUTE, NOON, fetch, offers_of, open_chengdu, person_of, stands, value, work
from tests.leads.registrations.guests import drives, follows, lead_of, registers


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def brands_of(lead):
    rows = await fetch(
        "select brand.code from interest join brand on brand.id = brand where lead = $1 order by interest.rank", lead
    )
    return [row["code"] for row in rows]


async def touches():
    return await value("select count(*) from touchpoint")


async def test_without_a_rule_of_its_own_a_campaign_makes_every_guest_a_lead_at_once():
    await follows(None)
    guest = await registers("aito", "luxeed")

    await work()

    lead = await lead_of(guest)
    assert await brands_of(lead) == ["aito", "luxeed"]
    assert await stands(lead) == [("offered", None), ("offered", None)]
    [row] = await fetch("select observation, campaign, event from lead where id = $1", lead)
    [registration] = await fetch(
        "select observation, campaign, event, leads_due_at from registration where id = $1", guest
    )
    assert tuple(row) == tuple(registration)[:3]
    assert registration["leads_due_at"] is None
    # Who they are and that we met was told when they registered.
    assert await value("select count(*) from observation") == 1
    assert await touches() == 2  # its own, one per brand; none of the lead


async def test_a_guest_who_agreed_to_nothing_waits_at_the_gate_and_one_who_named_no_car_is_no_lead():
    await follows(None)
    silent, looking = await registers("aito", agrees=()), await registers(person=LI)

    await work()

    assert await stands(await lead_of(silent)) == [("identified", "no_consent")]
    assert await lead_of(looking) is None


@pytest.mark.parametrize(
    ("when", "facts"),
    [("registered", {}), ("confirmed", {"confirmed_at": NOON}), ("attended", {"attended_at": NOON})],
)
async def test_a_rule_waits_for_its_moment(when, facts):
    await follows(LeadRule(when=when))
    guest = await registers("aito", confirmed_at=None, position=1, state="waiting")
    await work()
    assert (await lead_of(guest) is not None) == (when == "registered")

    async with transaction():
        for column, at in facts.items():
            await current().execute(
                f"update registration set {column} = $2, leads_due_at = $2 where id = $1", guest, at
            )
    await work()

    assert await brands_of(await lead_of(guest)) == ["aito"]


async def test_a_drive_that_took_place_makes_a_lead_of_its_brand_and_the_next_one_joins_it():
    await follows(LeadRule(when="slot_done"))
    guest = await registers("aito", "luxeed", "stelato")
    await work()
    assert await lead_of(guest) is None

    await drives(guest, "R7", at=NOON + MINUTE)
    await work(NOON + MINUTE)
    assert await brands_of(await lead_of(guest)) == ["luxeed"]

    await drives(guest, "M9", at=NOON + 2 * MINUTE)
    await work(NOON + 2 * MINUTE)
    assert await brands_of(await lead_of(guest)) == ["luxeed", "aito"]
    assert await value("select count(*) from lead") == 1


async def test_who_cancelled_before_the_rule_looked_is_no_lead():
    await follows(None)
    guest = await registers("aito", state="cancelled", cancelled_at=NOON)

    await work()

    assert await lead_of(guest) is None


async def test_the_same_person_again_is_a_lead_for_new_brands_alone():
    await follows(None)
    first, second = await registers("aito"), await registers("aito", "luxeed", at=NOON + DAY)

    await work(NOON + DAY)

    assert await brands_of(await lead_of(first)) == ["aito"]
    assert await brands_of(await lead_of(second)) == ["luxeed"]
    assert await person_of(await lead_of(first)) == await person_of(await lead_of(second))


async def test_a_rule_may_count_every_registration():
    await follows(LeadRule(once="registration"))
    first, second = await registers("aito"), await registers("aito", at=NOON + DAY)

    await work(NOON + DAY)

    assert None not in (await lead_of(first), await lead_of(second))


async def test_a_rule_names_brands_and_others_get_nothing():
    await follows(LeadRule(brands=("luxeed",)))
    guest, other = await registers("aito", "luxeed"), await registers("aito", person=DU)

    await work()

    assert await brands_of(await lead_of(guest)) == ["luxeed"]
    assert await lead_of(other) is None


async def test_looking_twice_makes_nothing_twice():
    await follows(None)
    guest = await registers("aito", "luxeed")
    await work()
    lead = await lead_of(guest)

    async with transaction():
        await current().execute("update registration set leads_due_at = $2 where id = $1", guest, NOON)
    await work(NOON + MINUTE)

    assert await lead_of(guest) == lead
    assert await value("select count(*) from lead") == 1
    assert len(await offers_of(lead)) == 2


async def test_leads_of_guests_count_in_the_funnel_once_each():
    await follows(None)
    await registers("aito", "luxeed")

    await work()

    rows = await fetch(
        """
        select kind.code, count(*) from milestone join milestone_kind as kind on kind.id = milestone.kind
        group by kind.code order by kind.code
        """
    )
    assert [tuple(row) for row in rows] == [("lead", 2), ("offered", 2)]


async def test_two_workers_make_one_lead_of_one_persons_two_forms():
    await follows(None)
    await registers("aito")
    await registers("aito", at=NOON + MINUTE)

    await asyncio.gather(*(registrations.become_leads(NOON + MINUTE) for _ in range(4)))
    await work(NOON + MINUTE)

    assert await value("select count(*) from lead") == 1
