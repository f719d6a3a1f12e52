"""Of what was lost a few are drawn each day and looked at again; what was given up too soon goes to another store."""

import pytest

from crm.database import transaction
from crm.errors import NotThere
from crm.roles import visible_to
from leads import inbox, rechecks, worklists
from leads.inbox.dispositions import Said
from leads.rechecks import AnotherStoreHasIt, AnsweredAlready
from tests.cast import (
    DAY,
    MINUTE,
    NOON,
    a_lead,
    another_phone,
    colleague,
    dealer,
    fetch,
    offers_of,
    open_chengdu,
    says,
    stands,
    value,
    wants,
    work,
)

TOMORROW = NOON + DAY


@pytest.fixture(autouse=True)
async def three_stores(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def lost(number=0, *, brand="aito", at=NOON):
    """A lead that a store accepted and lost."""
    person = {"name": "王建国", "phone": another_phone(number)}
    lead = await a_lead(at=at, person=person, interests=[wants(brand)], consents=[says(True, brand)])
    [row] = await fetch(
        "select offer.id, dealer.code from offer join dealer on dealer.id = offer.dealer"
        " join interest on interest.id = offer.interest where interest.lead = $1", lead,
    )  # fmt: skip
    who = await dealer(row["code"])
    async with transaction():
        await inbox.accept(row["id"], dealer=who, at=at + MINUTE)
    async with transaction():
        said = Said(kind="lost", at=at + 2 * MINUTE, reason="price")
        await inbox.dispose(row["id"], said, dealer=who, at=at + 2 * MINUTE)
    return lead


async def drawn():
    return await fetch("select recheck.id, interest.lead from recheck join interest on interest.id = recheck.interest")


async def scope_of(role="alliance_marketer", *, brand=None):
    return visible_to(await colleague(role, brand=brand))


async def test_each_brand_has_at_least_one_of_its_losses_drawn_once_a_day():
    for number in range(4):
        await lost(number)
    await lost(9, brand="luxeed")

    assert await rechecks.draw(NOON + 5 * MINUTE) == 0  # of today: tomorrow's draw
    assert await rechecks.draw(TOMORROW) == 2
    assert await rechecks.draw(TOMORROW + MINUTE) == 0

    brands = await fetch("select brand.code from recheck join brand on brand.id = recheck.brand order by brand.code")
    assert [row["code"] for row in brands] == ["aito", "luxeed"]


async def test_the_next_draw_looks_at_what_was_lost_since_alone():
    await lost(1)
    await rechecks.draw(TOMORROW)
    later = await lost(2, at=TOMORROW)

    await rechecks.draw(TOMORROW + DAY)

    assert [row["lead"] for row in await drawn()][-1] == later
    assert len(await drawn()) == 2


async def test_a_reopened_interest_goes_to_another_store():
    lead, scope = await lost(), await scope_of()
    [(store, _)] = await offers_of(lead)
    await rechecks.draw(TOMORROW)
    [row] = await drawn()

    async with transaction():
        await rechecks.reopen(row["id"], note="wants it after all", scope=scope, at=TOMORROW)
    assert await stands(lead) == [("cleared", None)]
    await work(TOMORROW)

    old, new = await offers_of(lead)
    assert old == (store, "withdrawn")
    assert new[1] == "offered"
    assert new[0] != store
    with pytest.raises(AnsweredAlready):
        async with transaction():
            await rechecks.confirm(row["id"], note=None, scope=scope, at=TOMORROW)


async def test_a_reopening_can_be_taken_back_until_another_store_accepts():
    lead, scope = await lost(), await scope_of()
    await rechecks.draw(TOMORROW)
    [row] = await drawn()
    async with transaction():
        await rechecks.reopen(row["id"], note=None, scope=scope, at=TOMORROW)
    await work(TOMORROW)

    async with transaction():
        await rechecks.take_back(row["id"], scope=scope, at=TOMORROW + MINUTE)

    assert await stands(lead) == [("lost", None)]
    assert {state for _, state in await offers_of(lead)} == {"withdrawn"}
    async with transaction():
        assert [one.id for one in (await worklists.page("lost", scope, at=TOMORROW)).rows] == [row["id"]]


async def test_what_another_store_accepted_stays_reopened():
    lead, scope = await lost(), await scope_of()
    await rechecks.draw(TOMORROW)
    [row] = await drawn()
    async with transaction():
        await rechecks.reopen(row["id"], note=None, scope=scope, at=TOMORROW)
    await work(TOMORROW)
    offer = await fetch(
        "select offer.id, dealer.code from offer join dealer on dealer.id = offer.dealer where state = 'offered'"
    )
    who = await dealer(offer[0]["code"])
    async with transaction():
        await inbox.accept(offer[0]["id"], dealer=who, at=TOMORROW)

    with pytest.raises(AnotherStoreHasIt):
        async with transaction():
            await rechecks.take_back(row["id"], scope=scope, at=TOMORROW + MINUTE)
    assert await stands(lead) == [("accepted", None)]


async def test_a_confirmed_loss_leaves_the_queue_and_its_note_is_sealed():
    await lost()
    scope = await scope_of()
    await rechecks.draw(TOMORROW)
    [row] = await drawn()

    async with transaction():
        await rechecks.confirm(row["id"], note="bought a bicycle", scope=scope, at=TOMORROW)

    async with transaction():
        assert (await worklists.page("lost", scope, at=TOMORROW)).rows == ()
    assert b"bicycle" not in await value("select note from recheck")


async def test_another_brands_loss_is_not_there():
    await lost(1, brand="luxeed")
    await rechecks.draw(TOMORROW)
    [row] = await drawn()
    scope = await scope_of("brand_marketer", brand="aito")

    async with transaction():
        assert (await worklists.page("lost", scope, at=TOMORROW)).rows == ()
    with pytest.raises(NotThere):
        async with transaction():
            await rechecks.confirm(row["id"], note=None, scope=scope, at=TOMORROW)
