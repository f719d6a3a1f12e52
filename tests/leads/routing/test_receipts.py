"""A receipt tells its story to people, and comes out the same when it is decided again."""

import random
from uuid import uuid4

import pytest

from crm.database import current, insert, transaction
from crm.errors import NotThere
from crm.ids import uuid7
from crm.regions import table as regions
from leads import routing
from leads.routing import receipts
from leads.tables import Receipt
from tests.leads.wishing import CHENGDU_CENTRE, NOON, make_wishes, open_the_network


@pytest.fixture
async def decided():
    """Three leads in the middle of Chengdu, decided one after the other."""
    async with transaction():
        await open_the_network()
        return await routing.decide(await make_wishes(3, **CHENGDU_CENTRE), at=NOON)


async def explained(subject):
    async with transaction():
        return await receipts.explain(subject)


async def test_a_receipt_says_who_competed_and_why_this_one(decided):
    [first] = await explained(decided[0].id)

    won = [line for line in first.lines if line.part == "won"]
    assert len(won) == 1
    assert won[0].name_zh.startswith("成都")
    assert f"{won[0].code} was chosen" in first.sentence
    assert sum(line.share or 0 for line in first.lines) == pytest.approx(1, abs=0.001)
    assert sum(line.credit_after or 0 for line in first.lines) == 0


async def test_the_text_fits_a_terminal_and_names_every_store_of_the_pool(decided):
    [told] = await explained(decided[1].interest)

    text = receipts.as_text([told])
    assert all(line.code in text for line in told.lines if line.part != "out")
    assert max(map(len, text.splitlines())) <= 110
    assert "does not sell this brand" in text


async def test_a_lead_tells_all_its_decisions_in_order(decided):
    async with transaction():
        lead = await current().fetchval("select lead from interest where id = $1", decided[2].interest)

    assert [one.receipt for one in await explained(lead)] == [decided[2].id]


async def test_what_was_never_decided_is_not_there(decided):
    with pytest.raises(NotThere):
        await explained(uuid4())


async def test_a_thousand_receipts_from_everywhere_come_out_the_same():
    chance = random.Random(7)
    async with transaction():
        await open_the_network()
        for brand in ("aito", "luxeed", "stelato", "maextro", "shangjie"):
            for code in chance.sample(sorted(regions()), 20):
                await routing.decide(await make_wishes(10, brand=brand, region=code), at=NOON)

        told = await receipts.replay(sample=1000, seed=1)

    assert (told.replayed, told.same, told.differing) == (1000, 1000, [])


async def test_a_receipt_with_another_winner_than_its_inputs_give_is_found_out(decided):
    forged = Receipt(**{column: getattr(decided[0], column) for column in _columns()} | {"id": uuid7(NOON)})
    forged.winner = next(store.winner for store in decided if store.winner != decided[0].winner)
    async with transaction():
        await insert([forged])
        told = await receipts.replay(sample=None)

    assert (told.replayed, told.differing) == (4, [forged.id])


def _columns():
    return [column._meta.name for column in Receipt._meta.columns]
