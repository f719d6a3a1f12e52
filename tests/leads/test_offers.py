"""An offer is made once, joined by those who ask again, taken back or moved on; whatever happens, its interests go on."""

import asyncio
import os
import sys
from datetime import timedelta
from uuid import uuid4

import pytest

from crm.database import current, transaction
from leads import inbox, journey, offers
from tests.cast import wants, work
from tests.leads.offering import MINUTE, a_lead, an_offer, another_phone, fetch, offer_of, open_chengdu
from tests.leads.wishing import NOON

ACCEPT = """
import asyncio, sys
from datetime import datetime
from uuid import UUID
from crm import access, database
from leads import inbox

async def accept(offer, dealer, code, at):
    await database.open_pool()
    try:
        async with database.transaction():
            caller = access.Principal("dealer", int(dealer), code, frozenset({"inbox"}))
            await inbox.accept(UUID(offer), dealer=caller, at=datetime.fromisoformat(at))
    finally:
        await database.close_pool()

asyncio.run(accept(*sys.argv[1:]))
"""


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def expire(at):
    async with transaction():
        return await offers.expire_due(at=at, limit=100)


async def both_wait():
    for _ in range(600):
        if await current().fetchval("select count(distinct pid) from pg_locks where not granted") == 2:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the two never met")


async def states():
    rows = await fetch(
        "select offer.state, store.code from offer join store on store.id = store order by offered_at, offer.id"
    )
    return [tuple(row) for row in rows]


async def test_an_offer_is_due_and_expires_by_the_brands_policy_and_is_in_the_ledgers():
    offer, dealer, _ = await an_offer()

    (row,) = await fetch("select offered_at, answer_due_at, expires_at, basis, version from offer")
    assert tuple(row) == (NOON, NOON + 30 * MINUTE, NOON + 45 * MINUTE, "consent", 1)
    (entry,) = await fetch("select dealer, offer, purpose, fields from sharing_entry")
    assert tuple(entry)[:3] == (dealer.id, offer, "share_with_dealer")
    assert "masked" in entry["fields"]
    assert [tuple(row) for row in await fetch("select seq, type from offer_event")] == [(1, "offered")]


async def test_of_two_processes_that_accept_one_wins():
    offer, dealer, _ = await an_offer()
    facts = (str(offer), str(dealer.id), dealer.code, NOON.isoformat())

    # The row is held until both wait for it, so that they meet.
    async with transaction():
        await current().execute("select from offer where id = $1 for update", offer)
        processes = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", ACCEPT, *facts, stderr=asyncio.subprocess.PIPE, env=dict(os.environ)
            )
            for _ in range(2)
        ]
        await both_wait()
    told = [(await process.communicate())[1].decode() for process in processes]

    assert {process.returncode for process in processes} == {0, 1}
    assert sum("OfferTaken: This offer is already accepted" in text for text in told) == 1
    assert (await states())[0][0] == "accepted"


async def test_an_offer_that_nobody_answers_goes_to_the_other_store_and_never_back():
    await an_offer()

    assert await expire(NOON + 44 * MINUTE) == 0
    assert await expire(NOON + 45 * MINUTE) == 1
    await journey.advance_due(NOON + 46 * MINUTE)
    await expire(NOON + 91 * MINUTE)
    await journey.advance_due(NOON + 92 * MINUTE)

    found = await states()
    assert [state for state, _ in found] == ["expired", "expired"]
    assert {code for _, code in found} == {"S1", "S2"}
    assert [row["stage"] for row in await fetch("select stage from interest")] == ["alliance_queue"]


async def test_an_answer_and_an_expiry_at_the_same_moment_leave_one_end():
    offer, dealer, _ = await an_offer()

    async def accept():
        async with transaction():
            await inbox.accept(offer, dealer=dealer, at=NOON + 44 * MINUTE)

    await asyncio.gather(accept(), *(expire(NOON + 45 * MINUTE) for _ in range(3)), return_exceptions=True)

    ends = await fetch("select type from offer_event where type in ('accepted', 'expired')")
    assert len(ends) == 1


async def test_several_workers_expire_each_offer_once():
    for number in range(20):
        await a_lead(phone=another_phone(number))

    counts = await asyncio.gather(*(expire(NOON + timedelta(hours=1)) for _ in range(4)))

    assert sum(counts) == 20
    assert len(await fetch("select from offer_event where type = 'expired'")) == 20


async def test_a_repeat_enquiry_joins_the_open_offer_and_takes_no_capacity():
    await a_lead()
    await a_lead(at=NOON + MINUTE)

    assert len(await states()) == 1
    assert [row["sum"] for row in await fetch("select sum(offered) from store_day")] == [1]
    assert [row["type"] for row in await fetch("select type from offer_event order by seq")] == ["offered", "repeat"]
    assert len(await fetch("select from milestone where kind = 2")) == 2
    assert [row["stage"] for row in await fetch("select stage from interest")] == ["offered", "offered"]


async def test_whoever_comes_too_late_to_join_is_told_so():
    offer, dealer, _ = await an_offer()
    (interest,) = await fetch("select id from interest")
    async with transaction():
        await inbox.accept(offer, dealer=dealer, at=NOON)

    async with transaction():
        assert await offers.join([offers.Join(interest["id"], offer, uuid4(), "consent")], at=NOON) == set()


async def test_a_joined_enquiry_is_free_again_when_the_offer_ends():
    offer, dealer, _ = await an_offer()
    again = await a_lead(at=NOON + MINUTE)

    async with transaction():
        await inbox.refuse(offer, dealer=dealer, reason="no_staff", at=NOON + 2 * MINUTE)
    freed = await fetch("select stage, joined, due_at from interest")
    await journey.advance_due(NOON + 3 * MINUTE)

    assert {tuple(row) for row in freed} == {("cleared", None, NOON + 2 * MINUTE)}
    assert len(await states()) == 2
    assert (
        len(await fetch("select from interest where stage = 'offered' and (joined is not null) = (lead = $1)", again))
        == 2
    )


@pytest.mark.parametrize("first", ["the one that was offered", "the one that joined"])
async def test_a_store_that_refused_is_never_asked_again_for_an_enquiry_that_had_joined(first):
    wishes = [wants(preferred_store="S1")]
    offer, holder, _ = await an_offer(interests=wishes)
    again = await a_lead(at=NOON + MINUTE, interests=wishes)
    async with transaction():
        await inbox.refuse(offer, dealer=holder, reason="no_staff", at=NOON + 2 * MINUTE)
        if first == "the one that joined":
            await current().execute("update interest set due_at = $2 where lead <> $1", again, NOON + 4 * MINUTE)

    await journey.advance_due(NOON + 3 * MINUTE)
    await journey.advance_due(NOON + 4 * MINUTE)

    assert await states() == [("refused", "S1"), ("offered", "S2")]


async def test_stores_that_ended_an_offer_count_for_the_enquiry_that_had_joined_it_too():
    await a_lead()
    await a_lead(at=NOON + MINUTE)

    for minutes in (46, 92):
        await work(NOON + minutes * MINUTE)

    assert [state for state, _ in await states()] == ["expired", "expired"]
    assert [row["stage"] for row in await fetch("select stage from interest")] == ["alliance_queue"] * 2
    assert [row["refusals"] for row in await fetch("select refusals from alliance_task")] == [2, 2]


async def store_elsewhere(lead):
    """The store code of the other seller of AITO than the one the lead was offered to."""
    _, holder, _ = await offer_of(lead)
    return "S2" if holder.code == "D1" else "S1"


async def test_who_asked_one_store_alone_does_not_join_an_offer_of_another():
    first = await a_lead(interests=[wants(kind="test_drive")], consents=[])
    asked = await store_elsewhere(first)

    await a_lead(at=NOON + MINUTE, interests=[wants(preferred_store=asked)], consents=[])

    assert sorted(await states()) == [("offered", "S1"), ("offered", "S2")]
    assert len(await fetch("select from interest where joined is not null")) == 0


async def test_who_asked_one_store_alone_joins_the_offer_of_that_very_store_whichever_is_the_oldest():
    first = await a_lead(interests=[wants(kind="test_drive")], consents=[])
    asked = await store_elsewhere(first)
    second = await a_lead(at=NOON + MINUTE, interests=[wants(preferred_store=asked)], consents=[])

    third = await a_lead(at=NOON + 2 * MINUTE, interests=[wants(preferred_store=asked)], consents=[])

    (offer, _, _) = await offer_of(second)
    assert [row["joined"] for row in await fetch("select joined from interest where lead = $1", third)] == [offer]


async def test_two_wishes_of_one_form_follow_their_own_basis():
    drive = wants(kind="test_drive", preferred_store="S1")

    await a_lead(interests=[drive, wants(preferred_store="S2"), wants(preferred_store="S1")], consents=[])
    await work(NOON)

    assert sorted(await states()) == [("offered", "S1"), ("offered", "S2")]
    assert len(await fetch("select from interest where joined is not null")) == 1


async def test_joining_is_entered_in_the_ledger_masked_and_on_the_basis_of_who_joined():
    offer, holder, _ = await an_offer(consents=[], interests=[wants(kind="test_drive")])
    await a_lead(at=NOON + MINUTE)

    entries = await fetch(
        "select offer, dealer, basis, consent is not null as stands, fields from sharing_entry order by at"
    )
    assert [tuple(row)[:4] for row in entries] == [
        (offer, holder.id, "requested", False),
        (offer, holder.id, "consent", True),
    ]
    assert {row["fields"] for row in entries} == {offers.SHOWN_MASKED}


async def test_taking_offers_back_twice_changes_nothing():
    offer, dealer, _ = await an_offer()

    async with transaction():
        assert await offers.withdraw([offer], reason="consent_withdrawn", at=NOON) == 1
    async with transaction():
        assert await offers.withdraw([offer], reason="consent_withdrawn", at=NOON) == 0

    assert len(await fetch("select from offer_event where dealer = $1 and type = 'withdrawn'", dealer.id)) == 1
    assert [tuple(row) for row in await fetch("select stage, due_at from interest")] == [("identified", NOON)]


async def test_the_sharing_ledger_names_the_consent_that_a_hand_over_stood_on():
    await a_lead()
    await a_lead(phone="13900139000", consents=[])

    entries = await fetch("select basis, purpose, consent is not null as stands from sharing_entry order by basis")
    assert [tuple(row) for row in entries] == [
        ("consent", "share_with_dealer", True),
        ("requested", "requested", False),
    ]
