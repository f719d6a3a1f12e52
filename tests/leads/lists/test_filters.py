"""Each filter leaves the leads that it names, and an unusable value leaves them all and says so."""

from datetime import timedelta

import pytest

from tests.cast import (
    DU,
    LI,
    MINUTE,
    NOON,
    WANG,
    a_lead,
    colleague,
    open_chengdu,
    registration,
    says,
    send,
    wants,
)
from tests.leads.lists.looking import leads_of, listed

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
async def three_stores(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


@pytest.fixture
async def marketer(three_stores):
    return await colleague("alliance_marketer")


async def of_two_brands():
    """An AITO lead that a store has, and a Luxeed lead of somebody who agreed to nothing, a minute later."""
    aito = await a_lead()
    luxeed = await a_lead(at=NOON + MINUTE, person=LI, interests=[wants("luxeed", "test_drive")], consents=[])
    held = await a_lead(at=NOON + 2 * MINUTE, person=DU, interests=[wants("luxeed")], consents=[])
    return aito, luxeed, held


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ("", [2, 1, 0]),
        ("sort=captured", [0, 1, 2]),
        ("brand=aito", [0]),
        ("brand=luxeed", [2, 1]),
        ("brand=aito,luxeed", [2, 1, 0]),
        ("stage=offered", [1, 0]),
        ("stage=offered&brand=luxeed", [1]),
        ("hold=no_consent", [2]),
        ("campaign=chengdu-2025", [2, 1, 0]),
        ("source=desk", [2, 1, 0]),
        ("region=510000", [2, 1, 0]),
        ("region=510100", [2, 1, 0]),
        ("region=310000", []),
        ("store=S3", [1]),
        ("store=成都三号店", [1]),
        ("since=2025-08-29&until=2025-08-29", [2, 1, 0]),
        ("until=2025-08-28", []),
        ("since=2025-08-30", []),
        ("since=today", [2, 1, 0]),
        ("since=yesterday&until=yesterday", []),
        ("late=1", []),
        ("q=138****0000", []),
        ("q=7665", [0]),
        ("q=137 8899 7665", [0]),
        ("q=王建国", [0]),
        ("q=Wang Jianguo", [0]),
    ],
)
async def test_a_filter_leaves_the_leads_that_it_names(marketer, address, left):
    leads = await of_two_brands()

    assert await leads_of(marketer, address) == [leads[place] for place in left]


async def test_a_lead_is_found_by_its_own_id_and_by_its_number_at_the_source(marketer):
    [outcome] = await send(registration(external_id="EXPO-77"))
    assert outcome.lead_id

    assert await leads_of(marketer, "q=EXPO-77") == [outcome.lead_id]
    assert await leads_of(marketer, f"q={outcome.lead_id}") == [outcome.lead_id]
    assert await leads_of(marketer, f"q=l-{outcome.lead_id.hex[-6:].upper()}") == [outcome.lead_id]


async def test_an_answer_is_late_from_its_due_moment_on(marketer):
    lead = await a_lead()

    assert await leads_of(marketer, "late=1", at=NOON + 29 * MINUTE) == []
    assert await leads_of(marketer, "late=1", at=NOON + 31 * MINUTE) == [lead]


async def test_by_clock_the_answer_that_is_due_first_comes_first_and_what_nobody_owes_last(marketer):
    waits = await a_lead(person=DU, consents=[])
    later = await a_lead(at=NOON + 5 * MINUTE, person=LI, interests=[wants("luxeed")], consents=[says(True, "luxeed")])
    first = await a_lead(at=NOON + MINUTE, person=WANG)

    assert await leads_of(marketer, "sort=clock") == [first, later, waits]


async def test_a_lead_that_names_no_interest_is_listed_with_its_hold(marketer):
    lead = await a_lead(interests=[], consents=[])

    [row] = (await listed(marketer, "hold=no_interest")).rows
    assert (row.id, row.hold, row.interests) == (lead, "no_interest", ())
    assert await leads_of(marketer, "stage=identified") == [lead]
    assert await leads_of(marketer, "brand=aito") == []


async def test_a_lead_leaves_the_silent_ones_with_its_first_interest(marketer):
    lead = await a_lead(interests=[], consents=[])
    await _adds_an_interest(lead)

    assert await leads_of(marketer, "hold=no_interest") == []
    assert await leads_of(marketer) == [lead]


@pytest.mark.parametrize(
    "address",
    [
        "brand=tesla", "stage=sold", "hold=mine", "campaign=mars-2030", "source=nobody", "region=999999", "store=S99",
        "since=soon", "until=32-13-2025", "since=0001-01-01", "late=perhaps", f"q={'x' * 121}", "q=~nonsense", "sort=phone",
        "columns=person,shoe", "density=tiny", "after=1.2", "before=0.99999999999999999999.abc", "view=77", "view=x",
    ],
)  # fmt: skip
async def test_a_value_that_cannot_be_used_says_so_and_leaves_the_leads_as_they_are(marketer, address):
    lead = await a_lead()

    shown = await listed(marketer, address)

    assert [row.id for row in shown.rows] == [lead]
    [chip] = [chip for chip in shown.chips if chip.fault]
    assert chip.without.text == ""


async def test_of_two_values_the_usable_one_narrows(marketer):
    await of_two_brands()

    shown = await listed(marketer, "brand=aito,tesla")

    assert [chip.fault is None for chip in shown.chips] == [True, False]
    assert len(shown.rows) == 1


async def test_a_count_goes_no_further_than_anybody_reads(marketer, monkeypatch):
    await of_two_brands()
    monkeypatch.setattr("leads.lists.counts.MOST_IN_TABS", 0)

    shown = await listed(marketer)

    assert str(shown.count) == "3"
    assert {tab.name: str(tab.count) for tab in shown.tabs if tab.count}["Held"] == "0+"


async def _adds_an_interest(lead):
    from crm.database import current, transaction
    from crm.ids import uuid7

    async with transaction():
        await current().execute(
            """
            insert into interest (id, lead, rank, brand, kind, stage, attempts, captured_at)
            select $2, id, 1, (select id from brand where code = 'aito'), 'buy', 'identified', 0, captured_at from lead where id = $1
            """,
            lead,
            uuid7(NOON),
        )
