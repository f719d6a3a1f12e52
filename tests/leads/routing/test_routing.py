"""The store for a wish on the whole network: fair, never over capacity, with a receipt for each choice."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from crm.database import current, insert, transaction
from crm.ids import uuid7
from crm.network import local_day
from crm.tables import Person
from leads import routing
from leads.tables import Disposition
from tests.leads.routing.oracle import Oracle, read_csv
from tests.leads.wishing import (
    CHENGDU_CENTRE,
    NOON,
    STORES,
    brand_id,
    make_offer,
    make_wishes,
    open_the_network,
    store_id,
)

REGIONS = Path(__file__).parents[3] / "crm" / "data" / "regions.csv"


@pytest.fixture
async def showroom():
    """The network of the show, ready in its own committed transaction."""
    async with transaction():
        await open_the_network()


async def decide(wishes, *, at=NOON):
    async with transaction():
        return await routing.decide(wishes, at=at)


async def wish_for(count=1, **facts):
    async with transaction():
        return await make_wishes(count, **facts)


async def code_of(receipt):
    async with transaction():
        return await current().fetchval("select code from store where id = $1", receipt.winner)


@pytest.mark.parametrize("capacity", ["as it is", "1"])
async def test_three_hundred_leads_in_three_hundred_places_agree_with_a_second_opinion(tmp_path, capacity):
    stores = _stores_file(tmp_path, capacity)
    async with transaction():
        await open_the_network(stores)
    oracle = Oracle(stores, REGIONS)
    wishes, expected = [], []
    for brand, facts, told in _three_hundred_places(random.Random(2025)):
        async with transaction():
            if "preferred" in told:
                facts["preferred_store"] = await store_id(told["preferred"])
            wishes += await make_wishes(1, brand=brand, **facts)
        expected.append(oracle.decide(brand=brand, **told))

    receipts = await decide(wishes)

    async with transaction():
        codes = {row["id"]: row["code"] for row in await current().fetch("select id, code from store")}
    found = [(receipt.outcome, receipt.tier, codes.get(receipt.winner)) for receipt in receipts]
    assert found == expected
    assert {tier for _, tier, _ in found} == {"preferred", "district", "near", "city", "province", None}
    assert ("no_capacity" in {outcome for outcome, _, _ in found}) == (capacity == "1")


def _stores_file(folder, capacity):
    if capacity == "as it is":
        return STORES
    rows = [row | {"daily_capacity": capacity} for row in read_csv(STORES)]
    file = folder / "stores.csv"
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def _three_hundred_places(chance):
    regions, store_codes = read_csv(REGIONS), [store["store_code"] for store in read_csv(STORES)]
    # Some name a district, some a city or province alone, some are a bare point, some name a store besides.
    for row in chance.sample(regions, 300):
        brand = chance.choice(["aito", "luxeed", "stelato", "maextro", "shangjie"])
        facts, told = {"region": row["code"]}, {"region": row["code"]}
        if chance.random() < 0.25:
            point = (round(float(row["longitude"]), 3) + 0.01, round(float(row["latitude"]), 3) - 0.01)
            facts, told = {"longitude": point[0], "latitude": point[1]}, {"point": point}
        if chance.random() < 0.1:
            told["preferred"] = chance.choice(store_codes)
        yield brand, facts, told


async def test_leads_from_one_place_are_shared_by_weight_and_the_ledger_adds_up_to_nothing(showroom):
    async with transaction():
        await current().execute("update store set daily_capacity = 100000")
        wishes = await make_wishes(600, **CHENGDU_CENTRE)

    receipts = [receipt for start in range(0, 600, 150) for receipt in await decide(wishes[start : start + 150])]

    pool = msgspec.json.decode(receipts[0].pool)
    total = sum(store["weight"] for store in pool)
    assert len(pool) > 2
    for store in pool:
        won = sum(receipt.winner == store["store"] for receipt in receipts)
        assert abs(won - 600 * store["weight"] / total) <= store["weight"]
    async with transaction():
        assert await current().fetchval("select sum(credit) from store_credit") == 0


async def test_two_deciders_at_once_give_no_store_more_than_its_day(showroom):
    async with transaction():
        await current().execute("update store set daily_capacity = least(daily_capacity, 9)")
        wishes = await make_wishes(240, **CHENGDU_CENTRE)
    batches = [wishes[start : start + 30] for start in range(0, 240, 30)]

    receipts = [receipt for batch in await asyncio.gather(*map(decide, batches)) for receipt in batch]

    async with transaction():
        over = await current().fetchval(
            "select count(*) from store_day join store on store.id = store_day.store where offered > daily_capacity"
        )
        offered = await current().fetchval("select sum(offered) from store_day")
        unbalanced = await current().fetch("select from store_credit group by pool_key having sum(credit) <> 0")
    outcomes = [receipt.outcome for receipt in receipts]
    assert over == 0
    assert offered == outcomes.count("offered") > 60
    assert outcomes.count("no_capacity") > 0
    assert unbalanced == []


async def test_tomorrow_is_another_day_in_chengdu_time(showroom):
    async with transaction():
        await current().execute("update store set daily_capacity = 1")
    last_minute = NOON.replace(hour=15, minute=59)

    await decide(await wish_for(500, **CHENGDU_CENTRE), at=last_minute)
    [full] = await decide(await wish_for(**CHENGDU_CENTRE), at=last_minute)
    [fresh] = await decide(await wish_for(**CHENGDU_CENTRE), at=last_minute + timedelta(minutes=1))

    assert (full.outcome, fresh.outcome) == ("no_capacity", "offered")
    assert local_day(last_minute + timedelta(minutes=1)).day == 30


@pytest.fixture
async def held(showroom):
    """A person whom a store far from Chengdu holds since noon."""
    [wish] = await wish_for(region="310112")
    [receipt] = await decide([wish])
    async with transaction():
        offer = await make_offer(receipt, state="accepted")
    return wish.person, receipt.winner, offer


async def test_a_person_goes_back_to_the_store_that_holds_it(held):
    person, holder, _ = held

    [again] = await decide(await wish_for(person=person, captured_at=NOON + timedelta(days=30), **CHENGDU_CENTRE))

    assert (again.tier, again.winner) == ("protected", holder)


@pytest.mark.parametrize(
    ("facts", "why"),
    [({"captured_at": NOON + timedelta(days=31)}, "too long ago"), ({"brand": "luxeed"}, "another brand")],
)
async def test_protection_ends_with_its_time_and_with_its_brand(held, facts, why):
    person, _, _ = held

    [again] = await decide(await wish_for(person=person, **CHENGDU_CENTRE, **facts))

    assert again.tier != "protected", why


@pytest.mark.parametrize(("kind", "tier"), [("contacted", "protected"), ("unreachable", None), ("lost", None)])
async def test_a_real_contact_prolongs_protection_and_a_loss_ends_it(held, kind, tier):
    person, _, offer = held
    later = NOON + timedelta(days=20)
    async with transaction():
        await insert([Disposition(id=uuid7(later), offer=offer, kind=kind, at=later, recorded_at=later)])

    [again] = await decide(await wish_for(person=person, captured_at=NOON + timedelta(days=40), **CHENGDU_CENTRE))

    assert (again.tier == "protected") == (tier == "protected")


@pytest.mark.parametrize(
    ("told", "holds"),
    [
        ((("lost", 5), ("order", 9)), True),
        ((("invalid", 5), ("contacted", 9)), True),
        ((("contacted", 5), ("lost", 9)), False),
        ((("lost", 5), ("unreachable", 9)), False),
    ],
)
async def test_a_lost_lead_that_was_found_again_is_protected_again(held, told, holds):
    person, _, offer = held
    for kind, days in told:
        at = NOON + timedelta(days=days)
        async with transaction():
            await insert([Disposition(id=uuid7(at), offer=offer, kind=kind, at=at, recorded_at=at)])

    [again] = await decide(await wish_for(person=person, captured_at=NOON + timedelta(days=20), **CHENGDU_CENTRE))

    assert (again.tier == "protected") is holds


async def test_protection_follows_a_merge_both_ways(held):
    person, holder, _ = held
    [other] = await wish_for()
    async with transaction():
        await Person.update(status="merged", merged_into=person).where(Person.id == other.person)

    [as_loser] = await decide(await wish_for(person=other.person, **CHENGDU_CENTRE))
    async with transaction():
        await Person.update(status="active", merged_into=None).where(Person.id == other.person)
        await Person.update(status="merged", merged_into=other.person).where(Person.id == person)
    [as_survivor] = await decide(await wish_for(person=other.person, **CHENGDU_CENTRE))

    assert {(again.tier, again.winner) for again in (as_loser, as_survivor)} == {("protected", holder)}


async def test_a_store_that_refused_or_let_it_expire_is_never_asked_again(showroom):
    [wish] = await wish_for(region="510107")
    asked = []
    for state in ("refused", "expired", "refused"):
        [receipt] = await decide([wish])
        asked.append(receipt.winner)
        async with transaction():
            await make_offer(receipt, state=state)

    [last] = await decide([wish])

    assert len(set(asked)) == 3
    assert (last.outcome, last.winner) == ("alliance_queue", None)


async def test_one_request_to_one_store_never_reaches_another(showroom):
    async with transaction():
        only, brand = await store_id("S0001"), await brand_id("aito")
    [wish] = await wish_for(basis="requested", only_store=only, **CHENGDU_CENTRE)
    assert wish.brand == brand

    [receipt] = await decide([wish])
    async with transaction():
        await make_offer(receipt, state="refused")
    [again] = await decide([wish])

    assert (receipt.winner, receipt.tier, receipt.basis) == (only, "preferred", "requested")
    assert again.outcome == "no_consent"


async def test_without_any_stores_every_wish_is_held():
    [receipt] = await decide(await wish_for(**CHENGDU_CENTRE))

    assert (receipt.outcome, receipt.network_version) == ("no_franchise", 0)


async def test_when_the_last_franchise_ends_every_wish_is_held(showroom):
    async with transaction():
        await current().execute("update franchise set valid_until_on = $1", local_day(NOON))
        await current().execute("insert into network_version (at, cause) values ($1, 'test')", NOON)

    [receipt] = await decide(await wish_for(**CHENGDU_CENTRE))

    assert receipt.outcome == "no_franchise"


async def test_a_receipt_keeps_no_exact_point_and_no_person(showroom):
    [wish] = await wish_for(longitude=104.0661234, latitude=30.5728765)

    [receipt] = await decide([wish])

    kept = receipt.inputs + receipt.pool + receipt.others
    assert "104.07" in kept
    assert "104.066" not in kept
    assert str(wish.person) not in kept
