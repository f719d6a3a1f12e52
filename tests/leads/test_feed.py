"""A dealer's feed counts without a gap, and who follows it misses nothing, however many write at once."""

import asyncio
import random

import pytest

from crm.database import transaction
from leads import feed, inbox
from leads.feed import Line
from tests.leads.offering import a_lead, another_phone, fetch, offer_of, open_chengdu
from tests.leads.wishing import NOON

WRITERS, ROUNDS = 8, 25


@pytest.fixture
async def two_offers(clean_tables, tmp_path):
    """[(offer, dealer)] of two dealers."""
    await open_chengdu(tmp_path)
    leads = [await a_lead(phone=another_phone(number)) for number in range(2)]
    offers = [(await offer_of(lead))[:2] for lead in leads]
    assert len({dealer.id for _, dealer in offers}) == 2
    return offers


async def read(dealer, *, after):
    async with transaction():
        return await inbox.changes(dealer, after=after, limit=20)


async def test_a_reader_beside_eight_writers_sees_every_line_once_and_in_order(two_offers):
    lines = [Line(dealer.id, offer, "repeat") for offer, dealer in two_offers]
    finished = asyncio.Event()

    async def write(chance):
        for _ in range(ROUNDS):
            async with transaction():
                await feed.append(chance.choices(lines, k=3), at=NOON)
                await asyncio.sleep(chance.random() * 0.004)

    async def follow(dealer):
        seen: list[int] = []
        while True:
            last_look = finished.is_set()
            page = await read(dealer, after=seen[-1] if seen else 0)
            seen += [item.seq for item in page.items]
            if last_look and not page.items:
                return seen

    readers = [asyncio.create_task(follow(dealer)) for _, dealer in two_offers]
    await asyncio.gather(*(write(random.Random(seed)) for seed in range(WRITERS)))
    finished.set()
    followed = await asyncio.gather(*readers)

    assert all(seen == list(range(1, len(seen) + 1)) for seen in followed)
    assert sum(map(len, followed)) == WRITERS * ROUNDS * 3 + 2


async def test_a_transaction_that_fails_leaves_no_gap(two_offers):
    offer, dealer = two_offers[0]

    async def fail():
        async with transaction():
            await feed.append([Line(dealer.id, offer, "repeat")], at=NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with transaction():
        await feed.append([Line(dealer.id, offer, "repeat")], at=NOON)

    assert [item.seq for item in (await read(dealer, after=0)).items] == [1, 2]


async def test_gathered_lines_are_written_at_the_end_and_in_their_order(two_offers):
    (first, one), (second, two) = two_offers

    async with transaction(), feed.gathered():
        await feed.append([Line(two.id, second, "repeat"), Line(one.id, first, "repeat")], at=NOON)
        await feed.append([Line(two.id, second, "withdrawn")], at=NOON)

    types = [item.type for item in (await read(two, after=0)).items]
    assert types == ["offered", "repeat", "withdrawn"]


async def test_lines_gathered_for_a_transaction_that_fails_are_forgotten(two_offers):
    offer, dealer = two_offers[0]

    async def fail():
        async with transaction(), feed.gathered():
            await feed.append([Line(dealer.id, offer, "repeat")], at=NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert len(await fetch("select from offer_event where dealer = $1", dealer.id)) == 1
