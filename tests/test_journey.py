"""How a lead travels, told once from the first showcase to the figures: capture, identify, gate, route, offer, answer, count."""

from datetime import timedelta

import msgspec
import pytest

from campaigns import reports, showcases
from crm import people
from crm.database import current, transaction
from crm.errors import NotThere
from leads import inbox
from leads.inbox.dispositions import Said
from leads.routing import receipts
from tests.cast import (
    CHENGDU,
    DAY,
    LI,
    MINUTE,
    NOON,
    WANG,
    a_lead,
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
    work,
)
from tests.saying import answered, give, the_offer, withdraw

SHANGHAI = NOON + timedelta(days=102)


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)
    async with transaction():
        await showcases.seed(at=NOON)


async def look(lead):
    offer, its_dealer = await the_offer(lead)
    async with transaction():
        return await inbox.show(offer, dealer=its_dealer)


async def test_a_person_of_two_showcases_and_two_brands_is_one_record():
    at_chengdu = await a_lead(interests=[wants("aito")])
    at_shanghai = await a_lead(
        at=SHANGHAI, person={"name": "Wang Jianguo", "phone": "+86 137 8899 7665"}, interests=[wants("luxeed")],
        consents=[says(True, "luxeed")], source={"kind": "event_desk", "campaign": "shanghai-2025"},
    )  # fmt: skip

    assert await person_of(at_chengdu) == await person_of(at_shanghai)
    person = await person_of(at_chengdu)
    async with transaction():
        record = await people.show(person)
    assert [seen.external_id[:1] for seen in record.seen] == ["W", "W"]
    assert [store for store, _ in await offers_of(at_shanghai)] == ["S3"]


async def test_the_reason_for_a_store_can_be_read_and_proved_again():
    lead = await a_lead()

    async with transaction():
        [explained] = await receipts.explain(lead)
        replayed = await receipts.replay(sample=None)

    assert explained.sentence.startswith(f"{(await offers_of(lead))[0][0]} was chosen")
    assert (replayed.replayed, replayed.same) == (1, 1)


async def test_a_dealer_sees_the_person_when_it_accepts_and_not_before():
    lead = await a_lead()
    before = await look(lead)

    after = (await answered(inbox.accept, lead, at=NOON + MINUTE)).offer

    assert before.lead.person.phone == "137****7665"
    assert after.lead.person.phone == "+8613788997665"
    fields = [row["fields"] for row in await fetch("select fields from sharing_entry order by at")]
    assert ("masked" in fields[0], "masked" in fields[1]) == (True, False)


async def test_a_lead_that_one_store_lets_lie_goes_to_the_next_and_to_people_in_the_end():
    lead = await a_lead()

    await work(NOON + 46 * MINUTE)
    await answered(inbox.refuse, lead, reason="no_staff", at=NOON + 50 * MINUTE)
    await work(NOON + 50 * MINUTE)

    assert [state for _, state in await offers_of(lead)] == ["expired", "refused"]
    assert await stands(lead) == [("alliance_queue", None)]
    assert await value("select count(*) from alliance_task where closed_at is null") == 1


async def test_a_person_who_says_no_is_gone_from_the_inbox_and_a_later_yes_begins_anew():
    lead = await a_lead()
    offer, its_dealer = await the_offer(lead)

    await withdraw(await person_of(lead), at=NOON + MINUTE)
    await work(NOON + MINUTE)
    async with transaction():
        gone = await inbox.show(offer, dealer=its_dealer)
    await give(await person_of(lead), at=NOON + DAY)
    await work(NOON + DAY)

    assert (gone.state, gone.lead.person) == ("withdrawn", msgspec.UNSET)
    assert [state for _, state in await offers_of(lead)] == ["withdrawn", "offered"]


async def test_a_lead_of_a_brand_without_stores_waits_and_moves_by_itself_when_one_opens(tmp_path):
    lead = await a_lead(interests=[wants("stelato", "test_drive")])
    assert await stands(lead) == [("cleared", "no_franchise")]

    await change_network(tmp_path, CHENGDU.replace("luxeed", "luxeed;stelato"), at=NOON + DAY)
    await work(NOON + DAY)

    assert await offers_of(lead) == [("S3", "offered")]


async def test_from_the_desk_to_the_order_every_step_is_counted_once():
    lead = await a_lead(interests=[wants("aito", "test_drive")])
    await a_lead(person=LI, consents=[])
    await answered(inbox.accept, lead, at=NOON + MINUTE)
    for minutes, kind in enumerate(("contacted", "test_drive", "order"), start=2):
        at = NOON + minutes * MINUTE
        await answered(
            inbox.dispose, lead, Said(kind=kind, at=at, value_fen=28980000 if kind == "order" else None), at=at
        )

    async with transaction():
        told = await reports.performance("chengdu-2025", as_of=NOON + DAY)

    assert told.total == reports.Reach(2, 2, 2, 1, 1, 1, 1, 1)
    assert told.brands[0].reach == told.total
    assert {brand.reach for brand in told.brands[1:]} == {reports.Reach()}


async def test_another_dealer_meets_nothing_of_it_all():
    lead = await a_lead()
    offer, its_dealer = await the_offer(lead)
    other = await dealer("D2" if its_dealer.code == "D1" else "D1")

    async with transaction():
        with pytest.raises(NotThere):
            await inbox.show(offer, dealer=other)
        assert (await inbox.changes(other, after=0)).items == []


async def test_whatever_is_sent_again_at_any_time_changes_nothing():
    said = registration(person=WANG)
    [first] = await send(said)
    await work()
    tables = ("lead", "interest", "offer", "milestone", "touchpoint", "consent", "sharing_entry", "offer_event")
    before = [await value(f"select count(*) from {table}") for table in tables]

    [again] = await send(said, at=NOON + DAY)
    await work()

    assert again.answer == first.answer
    assert [await value(f"select count(*) from {table}") for table in tables] == before
    async with transaction():
        assert await current().fetchval("select count(*) from person") == 1
