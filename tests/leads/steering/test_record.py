"""What a lead says is put right in the order of locks that the house has, and nobody's guess becomes the person's own request."""

import asyncio

import pytest

from crm.database import current, transaction
from crm.errors import Invalid
from crm.roles import visible_to
from leads import steering
from leads.steering import Wanted
from leads.steering.standing import lock_person_of_lead
from tests.cast import MINUTE, NOON, a_lead, colleague, open_chengdu, stands, value


@pytest.fixture(autouse=True)
async def chengdu(tmp_path):
    await open_chengdu(tmp_path)


async def change(lead, *, by, heard="by_phone"):
    interest = await current().fetchval("select id from interest where lead = $1", lead)
    wanted = Wanted(kind="test_drive", brand="aito")
    await steering.change_interest(interest, wanted, version=1, scope=by, at=NOON + MINUTE, heard=heard)


async def test_a_change_waits_for_who_holds_the_person_before_it_takes_the_lead():
    lead, by = await a_lead(consents=[]), visible_to(await colleague("alliance_marketer"))

    held = asyncio.Event()

    async def undone():
        # As an import that is undone: the person first, then the lead.
        async with transaction():
            await lock_person_of_lead(lead)
            held.set()
            await asyncio.sleep(0.2)
            await current().execute("select from lead where id = $1 for update", lead)

    async def changed():
        await held.wait()
        async with transaction():
            await change(lead, by=by)

    await asyncio.gather(undone(), changed())

    assert await value("select kind from interest where lead = $1", lead) == "test_drive"
    assert await stands(lead) == [("identified", "no_consent")]


async def test_the_history_names_the_store_that_was_asked_for():
    lead, by = await a_lead(), visible_to(await colleague("alliance_marketer"))

    async with transaction():
        wanted = Wanted(kind="buy", brand="aito", preferred_store="S2")
        await steering.add_interest(lead, wanted, version=1, scope=by, at=NOON + MINUTE, heard="in_person")

    assert await value("select details ->> 'store' from history_entry where action = 'interest_added'") == "S2"


@pytest.mark.parametrize("heard", [None, "a feeling"])
async def test_a_request_that_nobody_heard_is_not_written_down(heard):
    lead, by = await a_lead(consents=[]), visible_to(await colleague("alliance_marketer"))

    with pytest.raises(Invalid) as met:
        async with transaction():
            await change(lead, by=by, heard=heard)

    assert [fault["path"] for fault in met.value.errors] == ["heard"]
    assert await stands(lead) == [("identified", "no_consent")]


async def test_the_receipt_of_a_request_says_how_it_was_heard():
    lead, by = await a_lead(consents=[]), visible_to(await colleague("alliance_marketer"))
    async with transaction():
        await change(lead, by=by, heard="in_writing")

    interest = await value("select id from interest where lead = $1", lead)

    async with transaction():
        assert await steering.heard_of(interest, at=NOON) is None
        assert await steering.heard_of(interest, at=NOON + MINUTE) == "in_writing"
