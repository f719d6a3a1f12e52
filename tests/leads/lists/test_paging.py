"""Pages hang together: on to the end and back to the beginning, whatever the order and whatever arrives meanwhile."""

import pytest

from crm.database import transaction
from crm.roles import visible_to
from leads.lists import filters, paging
from leads.lists.query import Query
from tests.cast import (
    MINUTE,
    NOON,
    a_lead,
    another_phone,
    colleague,
    open_chengdu,
    registration,
    says,
    send,
    wants,
    work,
)
from tests.leads.lists.looking import leads_of, walked


@pytest.fixture(autouse=True)
async def three_stores(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def a_morning(count):
    """So many leads, two of a moment each; every third agrees to nothing, every fourth names no interest."""
    await send(
        *(
            registration(
                captured_at=(NOON + number // 2 * MINUTE).isoformat(),
                person={"name": "王建国", "phone": another_phone(number)},
                interests=[] if number % 4 == 3 else [wants("aito"), wants("luxeed")],
                consents=[] if number % 3 == 0 else [says(True, "aito", "luxeed")],
            )
            for number in range(count)
        ),
        at=NOON + 30 * MINUTE,
    )
    await work(NOON + 30 * MINUTE)


@pytest.mark.parametrize("address", ["", "sort=captured", "sort=clock", "brand=aito&sort=clock", "stage=offered"])
async def test_pages_show_every_lead_once_in_both_directions(address):
    marketer = await colleague("alliance_marketer")
    await a_morning(17)

    on, back = await walked(marketer, address, size=4)

    assert on == back == await leads_of(marketer, address)
    assert len(on) == len(set(on)) > 4


async def test_what_arrives_meanwhile_moves_no_page():
    marketer = await colleague("alliance_marketer")
    await a_morning(9)
    async with transaction():
        found = await filters.read(Query(), scope=visible_to(marketer), at=NOON)
        first = await paging.page(found, sort="-captured", limit=4)
        second = await paging.page(found, sort="-captured", after=first.older, limit=4)
    newcomer = await a_lead(at=NOON + 60 * MINUTE, person={"name": "杜泽鹏", "phone": another_phone(99)})

    async with transaction():
        again = await paging.page(found, sort="-captured", after=first.older, limit=4)
        newer = await paging.page(found, sort="-captured", before=first_of(second), limit=4)

    assert again.leads == second.leads
    assert newer.leads == first.leads
    assert (await leads_of(marketer))[0] == newcomer


def first_of(page):
    """Where a page begins: every one but the first names it as the way back."""
    assert page.newer
    return page.newer
