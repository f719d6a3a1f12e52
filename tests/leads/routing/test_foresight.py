"""Where a late offer goes next is foretold by the same choice that will be made."""

import pytest

from crm.database import transaction
from leads.routing import foresight
from tests.cast import CHENGDU, MINUTE, NOON, a_lead, offers_of, open_chengdu, value, work


@pytest.fixture(autouse=True)
async def chengdu(tmp_path):
    await open_chengdu(tmp_path)


async def foreseen(at=NOON):
    receipt = await value("select receipt from offer where state = 'offered'")
    async with transaction():
        return await foresight.after(receipt, at=at)


async def test_the_store_foretold_is_the_one_that_gets_it():
    lead = await a_lead()
    told = await foreseen()

    await work(NOON + 46 * MINUTE)

    assert (await offers_of(lead))[-1] == (told.code, "offered")


async def test_after_the_last_store_people_are_foretold():
    await a_lead()
    await work(NOON + 46 * MINUTE)

    assert (await foreseen()).outcome == "alliance_queue"


async def test_a_full_neighbour_is_not_foretold(tmp_path):
    await open_chengdu(tmp_path, stores=CHENGDU.replace(",50,1,", ",1,1,"))
    await a_lead()
    await value(
        "insert into store_day (store, on_date, offered) select id, $1, 1 from store"
        " on conflict (store, on_date) do update set offered = 1 returning 1",
        NOON.date(),
    )

    assert (await foreseen()).outcome == "no_capacity"
