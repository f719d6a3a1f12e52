"""A store's own desk: the last word on an offer decides whether it is in hand, when to call and when it is over."""

from datetime import timedelta
from itertools import permutations

import pytest

from crm.access import Principal
from crm.database import transaction
from leads import inbox, offers
from leads.inbox import desk
from leads.inbox.dispositions import Said
from tests.cast import MINUTE, NOON, another_phone, fetch, wants, work
from tests.leads.offering import an_offer, open_chengdu

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def offered(number=0, *, at=NOON):
    """(offer, its dealer) of an offer to S1, the store that was asked for."""
    offer, dealer, _ = await an_offer(phone=another_phone(number), at=at, interests=[wants(preferred_store="S1")])
    return offer, dealer


async def accepted(number=0):
    """The same when the store took it a minute later."""
    offer, dealer = await offered(number)
    async with transaction():
        await inbox.accept(offer, dealer=dealer, at=NOON + MINUTE)
    return offer, dealer


async def say(offer, dealer: Principal, kind: str, *, at, **facts):
    said = Said(kind=kind, at=at, reason="price" if kind == "lost" else None, **facts)
    async with transaction():
        await inbox.dispose(offer, said, dealer=dealer, at=NOON + 9 * HOUR)


async def parts(dealer: Principal, *, store=None):
    """Which offers stand in which part of the desk, and what is counted there."""
    async with transaction():
        seen = {part: await desk.look(dealer, part=part, at=NOON + 9 * HOUR, store=store) for part in desk.PARTS}
    assert all(len(seen[part].lines) == count for part, count in seen["all"].counts.items())
    return {part: {line.offer.id for line in look.lines} for part, look in seen.items()}


async def test_who_accepted_is_to_call_within_the_time_that_the_brand_gives_for_an_answer():
    offer, dealer = await accepted()

    [row] = await fetch("select answer_due_at - offered_at as given, call_due_at from offer where id = $1", offer)
    assert row["call_due_at"] == NOON + MINUTE + row["given"]
    async with transaction():
        [line] = await desk.calls(dealer, at=NOON + 2 * MINUTE, limit=5)
    assert (line.offer.id, line.due_at) == (offer, row["call_due_at"])


@pytest.mark.parametrize("told", list(permutations(range(3))))
async def test_the_last_word_is_what_happened_last_in_whatever_order_it_was_told(told):
    offer, dealer = await accepted()

    call = NOON + 5 * HOUR
    for hour in told:
        kind, then = (("appointment", call), ("lost", None), ("contacted", call + HOUR))[hour]
        await say(offer, dealer, kind, at=NOON + (hour + 1) * HOUR, next_follow_up_at=then)

    [row] = await fetch("select said, call_due_at from offer where id = $1", offer)
    assert (row["said"], row["call_due_at"]) == ("contacted", call + HOUR)


async def test_every_offer_stands_in_the_part_that_its_last_word_says():
    waits, dealer = await offered(9, at=NOON + 9 * HOUR - MINUTE)
    (called, _), (lost, _), (later, _), (silent, _) = [await accepted(number) for number in range(4)]
    await say(called, dealer, "contacted", at=NOON + HOUR, next_follow_up_at=NOON + 8 * HOUR)
    await say(lost, dealer, "lost", at=NOON + HOUR)
    await say(later, dealer, "quoted", at=NOON + HOUR, next_follow_up_at=NOON + timedelta(days=3))

    there = await parts(dealer)

    assert there == {"open": {waits}, "today": {called, silent}, "all": {called, silent, later}, "done": {lost}}


async def test_a_lost_offer_that_is_found_again_is_in_hand_again():
    offer, dealer = await accepted()
    await say(offer, dealer, "lost", at=NOON + HOUR)
    await say(offer, dealer, "visited", at=NOON + 2 * HOUR)

    assert (await parts(dealer))["all"] == {offer}


async def test_one_store_of_a_dealer_sees_its_own_offers_alone():
    offer, dealer = await accepted()

    assert (await parts(dealer, store="S1"))["all"] == {offer}
    assert not any((await parts(dealer, store="S3")).values())


async def test_an_offer_taken_back_is_over_for_the_desk():
    offer, dealer = await accepted()
    async with transaction():
        await offers.withdraw([offer], reason="consent_withdrawn", at=NOON + HOUR)
    await work(NOON + HOUR)

    assert offer in (await parts(dealer))["done"]
