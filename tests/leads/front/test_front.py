"""What the front page tells of a small show: the right numbers, a contest that can be read, a person, and nobody's phone."""

from datetime import timedelta

import msgspec
import pytest

from crm import history
from crm.database import current, insert, transaction
from crm.tables import Source
from leads import front, inbox
from leads.demo.enquiries import DESK, WEB
from leads.demo.showcase import STAGED
from tests.cast import registration, send
from tests.leads.offering import a_lead, another_phone, offer_of
from tests.leads.wishing import NOON, open_the_network

# Three neighbours that compete for every AITO lead at the show.
STORES = """store_code,name_zh,dealer_code,kind,brands,region_code,longitude,latitude,daily_capacity,weight,opens,closes,services
S1,成都一号店,D1,user_centre,aito,510107,104.0650,30.5700,50,2,09:00,18:00,sales
S2,成都二号店,D2,user_centre,aito,510107,104.0670,30.5750,50,1,09:00,18:00,sales
S3,成都三号店,D1,user_centre,aito;luxeed,510107,104.0660,30.5720,50,1,10:00,22:00,sales
"""
LATER = NOON + timedelta(hours=3)


@pytest.fixture(autouse=True)
async def three_stores(clean_tables, tmp_path):
    (tmp_path / "stores.csv").write_text(STORES, encoding="utf-8")
    async with transaction():
        await open_the_network(tmp_path / "stores.csv")
        await insert([Source(code="desk", kind="event_desk")])


async def the_front(*, at=LATER):
    async with transaction():
        return await front.front(at=at)


async def wang_comes_three_times():
    """By three spellings of his name, once to another brand."""
    for hours, (name, brand) in enumerate([("王建国", "aito"), ("Wang Jianguo", "luxeed"), ("王先生", "aito")]):
        person = {"name": name, "phone": "13912345670", "wechat": {"account": "alliance", "unionid": "o6_bmasdasd"}}
        await a_lead(at=NOON + timedelta(hours=hours / 2), brand=brand, person=person)


async def test_an_empty_house_has_an_empty_front():
    shown = await the_front()

    assert (shown.overview.registrations, shown.overview.offers.made, shown.overview.waiting) == (0, 0, 0)
    assert (shown.receipts, shown.person) == ((), None)


async def test_the_numbers_are_those_of_the_house():
    first, *_ = [
        await a_lead(phone=another_phone(i), person={"name": "王五", "phone": another_phone(i)}) for i in range(4)
    ]
    silent = {"name": "赵六", "phone": another_phone(9)}
    await a_lead(person=silent, interests=[{"kind": "buy", "brand": "aito"}], consents=[])
    offer, dealer, _ = await offer_of(first)
    async with transaction():
        await inbox.accept(offer, dealer=dealer, at=NOON + timedelta(minutes=7))

    told = (await the_front(at=NOON + timedelta(minutes=40))).overview

    assert (told.registrations, told.people, told.brands_met) == (5, 5, (5, 0, 0, 0, 0))
    offers = told.offers
    assert (offers.made, offers.accepted, offers.offered, offers.late, offers.minutes_to_accept) == (4, 1, 3, 3, 7)
    assert {hold.code: hold.waiting for hold in told.held if hold.waiting} == {"no_consent": 1}


async def test_a_contest_of_three_stores_can_be_read():
    for number in range(5):
        await a_lead(phone=another_phone(number), person={"name": "李四", "phone": another_phone(number)})

    receipt = (await the_front()).receipts[0]

    assert [store.store for store in receipt.pool if store.won] == [receipt.winner.store]
    assert sum(store.share for store in receipt.pool) == pytest.approx(1)
    assert sum(store.after for store in receipt.pool) == pytest.approx(0)
    assert receipt.winner.decided == max(store.decided for store in receipt.pool)


async def test_a_person_who_came_by_three_spellings_is_explained():
    await wang_comes_three_times()

    person = (await the_front()).person

    assert [sighting.name for sighting in person.sightings] == ["王**", "W*** J***", "王先生"]
    assert [brand.code for brand in person.brands] == ["aito", "luxeed"]
    assert person.score >= person.needed
    assert "the same phone number" in {part.words for part in person.evidence}


async def test_nothing_that_leaves_for_the_page_tells_who_somebody_is():
    await wang_comes_three_times()
    for number in range(3):
        await a_lead(phone=another_phone(number), person={"name": "欧阳修文", "phone": another_phone(number)})

    shown = msgspec.json.encode(await the_front()).decode()

    for secret in ("建国", "Jianguo", "修文", "13912345670", "12345670", "o6_bm", *map(another_phone, range(3))):
        assert secret not in shown


async def test_test_sources_do_not_count():
    await a_lead()
    async with transaction():
        await current().execute("update source set test = true where code = 'desk'")

    assert (await the_front()).overview.registrations == 0


async def is_shown():
    async with transaction():
        return await front.is_for_strangers()


async def end_the_story():
    async with transaction():
        await history.note("demo", STAGED, "campaign", "shanghai-demo", at=NOON)


async def test_strangers_see_an_empty_house_and_a_demo():
    empty = await is_shown()
    await send(registration(), by=DESK)
    unfinished = await is_shown()
    await end_the_story()
    await send(registration(), by=WEB)

    assert (empty, unfinished, await is_shown()) == (True, False, True)


@pytest.mark.parametrize("source", ["desk", "web"])
async def test_a_demo_into_which_somebody_else_was_brought_is_shown_to_nobody(source):
    await send(registration(), by=DESK)
    await end_the_story()
    await send(registration(), by=source)

    assert not await is_shown()
