"""Every interest ends at a store, in a queue or in a hold that says why, and a hold ends by itself when its reason does."""

import asyncio
import contextvars
from datetime import timedelta

import asyncpg
import pytest

from crm import consent, people, work
from crm.database import current, statement, transaction
from crm.ids import uuid7
from crm.settings import settings
from leads import clocks, inbox, journey
from leads.inbox.dispositions import Said
from tests.cast import (
    CHENGDU,
    DAY,
    DU,
    LI,
    MINUTE,
    NOON,
    WANG,
    a_lead,
    another_phone,
    change_network,
    dealer,
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
)
from tests.cast import work as work_at

LATER = NOON + 10 * MINUTE

CONSENT_GIVEN = """
with told as (
    insert into change (xid, kind, person, at) values (pg_current_xact_id()::text::bigint, 'consent_given', $1, $2)
)
insert into consent (id, person, purpose, receiver_kind, brand, kind, state, captured_at, recorded_at, actor, evidence_hash)
select gen_random_uuid(), $1, 'share_with_dealer', 'dealer', id, 'separate', 'given', $2, $2, 'tester', '' from brand
"""


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def brand_id(code="aito"):
    return await value("select id from brand where code = $1", code)


async def give(person, *brands, at=LATER):
    ids = [await brand_id(brand) for brand in brands or ("aito",)]
    async with transaction():
        await consent.give(person, purpose="share_with_dealer", brands=ids, at=at, actor="tester")


async def withdraw(person, *brands, at=LATER):
    ids = [await brand_id(brand) for brand in brands or ("aito",)]
    async with transaction():
        await consent.withdraw(person, purpose="share_with_dealer", brands=ids, at=at, actor="tester")


async def merge(*persons, at=LATER):
    async with transaction():
        [merge_id] = await people.merge(*persons, actor="staff:1", reason="one card", at=at)
        return merge_id


async def the_offer(lead):
    """The latest offer of a lead and the dealer it went to."""
    [row] = await fetch(
        """
        select offer.id, dealer.code from offer join interest on interest.id = offer.interest
        join dealer on dealer.id = offer.dealer where interest.lead = $1 order by offered_at desc limit 1
        """,
        lead,
    )
    return row["id"], await dealer(row["code"])


async def answered(verb, lead, *facts, at=LATER, **more):
    offer, its_dealer = await the_offer(lead)
    async with transaction():
        await verb(offer, *facts, dealer=its_dealer, at=at, **more)


async def accepted(lead, *dispositions, at=LATER):
    await answered(inbox.accept, lead, at=at)
    for kind in dispositions:
        reason = "bought_elsewhere" if kind == "lost" else None
        await answered(inbox.dispose, lead, Said(kind=kind, at=at, reason=reason), at=at + MINUTE)


# The gate


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
    await work_at(LATER)
    assert await offers_of(lead) == [("S2", "refused")]
    assert await stands(lead) == [("cleared", "no_consent")]


async def test_the_one_store_asked_for_is_asked_as_soon_as_it_may_sell_the_brand(tmp_path):
    await change_network(
        tmp_path, CHENGDU.replace("S2,成都二号店,D2,user_centre,aito", "S2,成都二号店,D2,user_centre,luxeed")
    )
    lead = await a_lead(interests=[wants(preferred_store="S2")], consents=[])
    assert await stands(lead) == [("cleared", "no_consent")]

    await change_network(tmp_path, CHENGDU, at=LATER)
    await work_at(LATER)

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
    await work_at(LATER)
    assert await stands(lead) == [("identified", "no_consent")]

    await give(person, "aito")
    await work_at(LATER)
    assert await stands(lead) == [("offered", None)]


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


# Refused, and refused again


async def test_a_refusal_goes_to_the_next_store_and_never_to_the_same():
    lead = await a_lead()

    await answered(inbox.refuse, lead, reason="no_staff")
    await work_at(LATER)

    first, second = await offers_of(lead)
    assert (first[1], second[1]) == ("refused", "offered")
    assert {first[0], second[0]} == {"S1", "S2"}


async def test_when_nobody_is_left_people_of_the_alliance_take_over():
    lead = await a_lead()
    for minutes in (1, 2):
        await answered(inbox.refuse, lead, reason="no_staff", at=NOON + minutes * MINUTE)
        await work_at(NOON + minutes * MINUTE)

    assert await stands(lead) == [("alliance_queue", None)]
    assert [tuple(row) for row in await fetch("select reason, refusals, closed_at from alliance_task")] == [
        ("refused", 2, None)
    ]


async def test_after_as_many_stores_as_the_policy_allows_no_further_one_is_asked():
    await fetch("update routing_policy set data = data || '{\"max_offers\": 1}'")
    lead = await a_lead()

    await answered(inbox.refuse, lead, reason="no_staff")
    await work_at(LATER)

    assert await stands(lead) == [("alliance_queue", None)]
    assert len(await offers_of(lead)) == 1


async def test_whoever_lives_out_of_reach_is_for_people_to_place():
    lead = await a_lead(place={"region_code": "650102"})

    assert await stands(lead) == [("alliance_queue", None)]
    assert await value("select reason from alliance_task") == "out_of_reach"


async def test_a_no_takes_a_lead_off_the_desks_of_the_alliance():
    lead = await a_lead(place={"region_code": "650102"})

    await withdraw(await person_of(lead), "aito")
    await work_at(LATER)

    assert await stands(lead) == [("identified", "no_consent")]
    assert await value("select closed_by from alliance_task") == "journey"


async def test_a_merge_between_claim_and_lock_leaves_the_interest_for_its_next_turn():
    await send(registration(consents=[]))
    async with transaction():
        claimed = await current().fetch(statement("leads", "claim_due_interests"), NOON, 10)

        await journey.advance({row["id"]: uuid7(NOON) for row in claimed}, at=NOON)

    assert await value("select count(*) from interest where due_at is not null and hold is null") == len(claimed)


# Holds release themselves


async def test_consent_that_was_given_later_releases_the_hold():
    lead = await a_lead(consents=[])

    await give(await person_of(lead))
    await work_at(LATER)

    assert await stands(lead) == [("offered", None)]


async def test_a_brand_that_finds_a_store_releases_the_hold(tmp_path):
    lead = await a_lead(interests=[wants("maextro")], consents=[says(True, "maextro")])
    assert await stands(lead) == [("cleared", "no_franchise")]

    await change_network(tmp_path, CHENGDU.replace("luxeed", "luxeed;maextro"), at=LATER)
    await work_at(LATER)

    assert await offers_of(lead) == [("S3", "offered")]


async def test_leads_are_taken_in_and_wait_where_there_are_no_stores_at_all(tmp_path):
    for table in ("store_operator", "franchise", "store_capability", "store", "network_version"):
        await fetch(f"delete from {table}")
    lead = await a_lead()
    assert await stands(lead) == [("cleared", "no_franchise")]

    await change_network(tmp_path, CHENGDU, at=LATER)
    await work_at(LATER)

    assert await stands(lead) == [("offered", None)]


async def test_the_next_day_releases_what_the_stores_could_not_take(tmp_path):
    await change_network(tmp_path, CHENGDU.replace(",50,", ",1,"))
    leads = [await a_lead(person=one) for one in (WANG, LI, DU)]
    for lead in leads[:2]:
        await accepted(lead)

    await work_at(NOON + timedelta(hours=11))
    assert await stands(leads[2]) == [("cleared", "no_capacity")]
    await work_at(clocks.next_day(NOON))

    assert [state for _, state in await offers_of(leads[2])] == ["offered"]


async def test_more_capacity_releases_the_hold_the_same_day(tmp_path):
    await change_network(tmp_path, CHENGDU.replace(",50,", ",0,"))
    lead = await a_lead()
    assert await stands(lead) == [("cleared", "no_capacity")]

    await change_network(tmp_path, CHENGDU, at=LATER)
    await work_at(LATER)

    assert await stands(lead) == [("offered", None)]


async def test_a_place_that_is_told_later_releases_the_hold():
    lead = await a_lead(place=None)
    assert await stands(lead) == [("cleared", "no_place")]

    await send(registration(interests=[], place={"region_code": "510107"}), at=LATER)
    await work_at(LATER)

    assert await stands(lead) == [("offered", None)]


async def test_a_place_that_a_merge_brings_releases_the_hold():
    lead = await a_lead(place=None)
    other = await a_lead(person=LI, interests=[], place={"region_code": "510107"})

    await merge(await person_of(lead), await person_of(other))
    await work_at(LATER)

    assert await stands(lead) == [("offered", None)]


async def test_a_review_that_is_closed_releases_the_hold():
    email = "lina.meng@qq.com"
    await send(registration(person=DU), registration(person={"name": LI["name"], "email": email}))
    lead = await a_lead(person={"phone": DU["phone"], "email": email})
    await give(await person_of(lead))
    await work_at(LATER)
    assert await stands(lead) == [("identified", "needs_review")]

    await merge(*(await fetch("select person, other from review_task"))[0])
    await work_at(LATER)

    assert await stands(lead) == [("offered", None)]


async def test_what_is_told_while_a_wish_is_at_the_gate_is_heard_afterwards():
    [outcome] = await send(registration(consents=[]))
    person = await person_of(outcome.lead_id)
    telling = await asyncpg.connect(settings().database_url)
    started = telling.transaction()
    await started.start()
    await telling.execute(CONSENT_GIVEN, person, LATER)

    async with transaction():
        # A worker has read the answers and is about to hold the wish, when the person's yes is committed and another one reacts.
        await claim_and_advance()
        await started.commit()
        reacting = asyncio.create_task(journey.react(LATER), context=contextvars.Context())
        await asyncio.sleep(0.5)
    await reacting
    await telling.close()
    await work_at(LATER)

    assert await stands(outcome.lead_id) == [("offered", None)]


async def test_a_store_that_opens_while_a_wish_is_being_decided_is_seen_afterwards(tmp_path):
    [outcome] = await send(registration(interests=[wants("maextro", "test_drive")]))

    async with transaction():
        await claim_and_advance()
        opening = change_network(tmp_path, CHENGDU.replace("luxeed", "luxeed;maextro"), at=LATER)
        await asyncio.create_task(opening, context=contextvars.Context())
        noticing = asyncio.create_task(journey.notice_network(LATER), context=contextvars.Context())
        await asyncio.sleep(0.5)
    await noticing
    await work_at(LATER)

    assert await offers_of(outcome.lead_id) == [("S3", "offered")]


async def claim_and_advance():
    rows = await current().fetch(statement("leads", "claim_due_interests"), NOON, 10)
    await journey.advance({row["id"]: row["person"] for row in rows}, at=NOON)


# Taking back


@pytest.mark.parametrize("dispositions", [None, [], ["contacted", "test_drive"]])
async def test_a_withdrawal_takes_offered_and_accepted_offers_back(dispositions):
    lead = await a_lead()
    if dispositions is not None:
        await accepted(lead, *dispositions)

    await withdraw(await person_of(lead), at=LATER + DAY)
    await work_at(LATER + DAY)

    assert [state for _, state in await offers_of(lead)] == ["withdrawn"]
    assert await stands(lead) == [("identified", "no_consent")]


@pytest.mark.parametrize("last", ["order", "delivered"])
async def test_an_order_is_a_contract_and_stays(last):
    lead = await a_lead()
    await accepted(lead, "contacted", last)

    await withdraw(await person_of(lead), at=LATER + DAY)
    await work_at(LATER + DAY)

    assert [state for _, state in await offers_of(lead)] == ["accepted"]
    assert await stands(lead) == [(last, None)]


async def test_a_lead_that_was_lost_is_taken_back_and_stays_lost():
    lead = await a_lead()
    await accepted(lead, "contacted", "lost")
    person = await person_of(lead)

    await withdraw(person, at=LATER + DAY)
    await work_at(LATER + DAY)
    await give(person, at=LATER + 2 * DAY)
    await work_at(LATER + 2 * DAY)

    assert [state for _, state in await offers_of(lead)] == ["withdrawn"]
    assert await stands(lead) == [("lost", None)]


async def test_a_withdrawal_for_another_brand_takes_nothing_back():
    lead = await a_lead()

    await withdraw(await person_of(lead), "luxeed")
    await work_at(LATER)

    assert [state for _, state in await offers_of(lead)] == ["offered"]


async def test_a_merge_with_somebody_who_said_no_takes_the_offer_back_and_unmerge_offers_it_again():
    lead = await a_lead()
    other = await a_lead(person=LI, interests=[], consents=[says(False, "aito")])

    merge_id = await merge(await person_of(lead), await person_of(other))
    await work_at(LATER)
    assert await stands(lead) == [("identified", "no_consent")]
    async with transaction():
        await people.unmerge(merge_id, actor="staff:1", at=LATER + MINUTE)
    await work_at(LATER + MINUTE)

    assert [state for _, state in await offers_of(lead)] == ["withdrawn", "offered"]


async def test_an_offer_whose_consent_goes_stays_only_at_the_store_that_was_asked_for():
    lead = await a_lead(interests=[wants(preferred_store="S3")], consents=[])
    other = await a_lead(person=LI, interests=[], consents=[says(True, "aito")])
    merge_id = await merge(await person_of(lead), await person_of(other))
    await work_at(LATER)
    assert [store for store, _ in await offers_of(lead)] in (["S1"], ["S2"])

    async with transaction():
        await people.unmerge(merge_id, actor="staff:1", at=LATER + MINUTE)
    await work_at(LATER + MINUTE)

    assert [state for _, state in await offers_of(lead)] == ["withdrawn"]


# Workers


async def test_two_workers_at_once_make_one_offer_for_a_person_and_a_brand():
    for _ in range(6):
        await send(registration())

    await asyncio.gather(*(journey.advance_due(NOON) for _ in range(4)))
    await work_at()

    assert await value("select count(*) from offer") == 1
    assert await value("select count(*) from interest where stage = 'offered'") == 6


async def test_several_workers_leave_nothing_undone_and_nothing_twice():
    await send(*(registration(person={"phone": another_phone(number)}) for number in range(40)))

    await asyncio.gather(*(work.until_idle(journey.JOBS, at=NOON) for _ in range(4)))

    assert await value("select count(*) from offer") == 40
    assert await value("select sum(offered) from store_day") == 40


async def test_a_wish_that_fails_waits_longer_each_time_while_the_others_move():
    good, bad = await send(registration(person=WANG), registration(person=LI, interests=[wants("luxeed")]))
    await give(await person_of(bad.lead_id), "luxeed")
    # A brand without a policy was never seeded: a fault of ours, not of the lead.
    await fetch("delete from routing_policy where brand = $1", await brand_id("luxeed"))

    await journey.advance_due(NOON)
    first = await value("select due_at - $1 from interest where attempts = 1", NOON)
    await journey.advance_due(NOON + MINUTE)
    second = await value("select due_at - $1 from interest where attempts = 2", NOON + MINUTE)

    assert await stands(good.lead_id) == [("offered", None)]
    assert timedelta(seconds=1) < first < second < timedelta(seconds=6)


async def test_a_wish_that_failed_ten_times_is_set_aside_for_people():
    [bad] = await send(registration())
    await fetch("update interest set attempts = 9")
    await fetch("delete from routing_policy")

    await journey.advance_due(NOON)
    await journey.advance_due(NOON + DAY)

    assert [tuple(row) for row in await fetch("select attempts, due_at from interest")] == [(10, None)]
    assert await stands(bad.lead_id) == [("identified", None)]


async def test_an_offer_needs_no_place_when_the_very_store_was_asked_for():
    lead = await a_lead(place=None, interests=[wants(preferred_store="S1")], consents=[])

    assert await offers_of(lead) == [("S1", "offered")]
