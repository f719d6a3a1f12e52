"""What staff do to a lead by hand passes the same gate as what the house does by itself."""

from uuid import uuid4

import pytest

from crm.database import transaction
from crm.errors import Invalid, NotThere
from crm.roles import Actor, Scope, visible_to
from leads import steering
from leads.routing import receipts
from leads.steering import BeingDecided, BeyondSteering, Outdated, Wanted
from leads.steering.by_hand import AlreadyThere, NoBasis, NotTheirs, OneStoreAlone, OpenElsewhere, StoreFull
from tests.cast import (
    CHENGDU,
    LI,
    MINUTE,
    NOON,
    a_lead,
    fetch,
    offers_of,
    open_chengdu,
    says,
    stands,
    value,
    wants,
    work,
)


@pytest.fixture(autouse=True)
async def chengdu(tmp_path):
    await open_chengdu(tmp_path)


async def somebody(role="alliance_marketer", *, brand=None, region=None) -> Scope:
    """One of us with this role."""
    async with transaction():
        brand_no = await value_in("select id from brand where code = $1", brand) if brand else None
        made = await value_in(
            "insert into staff (login, name, role, brand, region, time_zone, shortcuts, totp_step, created_at, created_by, version)"
            " values ($1, 'Zhou Lan', $2, $3, $4, 'Asia/Shanghai', true, 0, $5, 'tester', 1) returning id",
            f"{uuid4()}@example.org", role, brand_no, region, NOON,
        )  # fmt: skip
    return visible_to(
        Actor(id=made, login="z", name="Zhou Lan", role=role, brand=brand_no, region=region, session=uuid4())
    )


async def value_in(query, *facts):
    from crm.database import current

    return await current().fetchval(query, *facts)


async def interest_of(lead):
    return await value("select id from interest where lead = $1 order by rank limit 1", lead)


async def offer(lead, store, *, by, reason="person_asked", at=NOON, **facts):
    async with transaction():
        return await steering.offer(await interest_of_here(lead), store=store, reason=reason, scope=by, at=at, **facts)


async def interest_of_here(lead):
    return await value_in("select id from interest where lead = $1 order by rank limit 1", lead)


async def other_store(lead):
    [(has_it, _)] = await offers_of(lead)
    return "S2" if has_it == "S1" else "S1"


async def test_an_open_offer_elsewhere_is_taken_back_and_its_dealer_told():
    lead, by = await a_lead(), await somebody()
    first, other = (await offers_of(lead))[0][0], await other_store(lead)

    await offer(lead, other, by=by, at=NOON + MINUTE)

    assert await offers_of(lead) == [(first, "withdrawn"), (other, "offered")]
    assert await stands(lead) == [("offered", None)]
    told = await fetch(
        "select type from offer_event join offer on offer.id = offer join store on store.id = store where store.code = $1 order by seq",
        first,
    )
    assert [row["type"] for row in told] == ["offered", "withdrawn"]


async def test_a_receipt_by_hand_can_be_read_and_comes_out_the_same():
    lead, by = await a_lead(), await somebody()
    await offer(lead, await other_store(lead), by=by, at=NOON + MINUTE)

    async with transaction():
        told = (await receipts.explain(lead))[-1]
        replayed = await receipts.replay(sample=None)
    assert told.tier == "manual"
    assert "chosen by hand: the person asked for it" in told.sentence
    assert (replayed.same, replayed.replayed) == (2, 2)


async def test_a_choice_by_hand_counts_on_the_stores_day_and_leaves_the_ledger_alone():
    lead, by = await a_lead(), await somebody()
    owed = await fetch("select pool_key, store, credit from store_credit order by 1, 2")
    other = await other_store(lead)

    await offer(lead, other, by=by)

    assert await fetch("select pool_key, store, credit from store_credit order by 1, 2") == owed
    assert await value("select offered from store_day join store on store.id = store where code = $1", other) == 1


async def test_the_history_says_who_chose_and_why_and_the_words_are_sealed():
    lead, by = await a_lead(), await somebody()
    await offer(lead, await other_store(lead), by=by, reason="other", words="他住在隔壁")

    noted = await fetch("select actor, action, details::text from history_entry where action = 'offered_by_hand'")
    assert noted[0]["actor"] == by.actor.actor
    assert '"reason": "other"' in noted[0]["details"]
    assert "隔壁" not in noted[0]["details"]
    assert "隔壁".encode() not in await value("select text from staff_note")


async def test_without_consent_or_request_nobody_may_offer_it():
    lead, by = await a_lead(consents=[]), await somebody()

    with pytest.raises(NoBasis):
        await offer(lead, "S1", by=by)
    assert await stands(lead) == [("identified", "no_consent")]


async def test_a_no_to_dealers_stands_against_a_request():
    lead = await a_lead(interests=[wants("aito", "test_drive")], consents=[says(False, "aito")])

    with pytest.raises(NoBasis):
        await offer(lead, "S1", by=await somebody())


async def test_who_asked_for_one_store_is_offered_to_that_one_alone():
    lead = await a_lead(interests=[wants(preferred_store="S1")], consents=[])

    with pytest.raises(OneStoreAlone):
        await offer(lead, "S2", by=await somebody())


async def test_a_store_that_may_not_sell_the_brand_is_refused():
    lead, by = await a_lead(), await somebody()

    with pytest.raises(NotTheirs):
        await offer(lead, "S3", by=by)


async def test_a_full_day_may_be_passed_only_when_the_store_agreed(tmp_path):
    await open_chengdu(tmp_path, stores=CHENGDU.replace(",50,1,", ",1,1,"))
    first, second, by = await a_lead(), await a_lead(person=LI), await somebody()
    full = (await offers_of(first))[0][0]

    with pytest.raises(StoreFull):
        await offer(second, full, by=by)
    await offer(second, full, by=by, reason="store_agreed", at=NOON + MINUTE)
    assert (await offers_of(second))[-1] == (full, "offered")
    assert await value("select offered from store_day join store on store.id = store where code = $1", full) == 2


async def test_the_store_that_has_it_is_not_offered_it_again():
    lead = await a_lead()

    with pytest.raises(AlreadyThere):
        await offer(lead, (await offers_of(lead))[0][0], by=await somebody())


async def test_two_enquiries_of_one_person_are_never_at_two_stores_of_a_brand():
    first, by = await a_lead(consents=[]), await somebody()
    second = await a_lead(interests=[wants("aito", "test_drive")], consents=[])

    # The first is held; the second, a request, is at a store: nobody may send the first one elsewhere meanwhile.
    assert (await stands(first), await stands(second)) == ([("identified", "no_consent")], [("offered", None)])
    async with transaction():
        await value_in("update interest set kind = 'test_drive' where lead = $1 returning id", first)
    with pytest.raises(OpenElsewhere):
        await offer(first, await other_store(second), by=by)


async def test_an_alliance_task_is_closed_by_who_offers_it(tmp_path):
    lead, by = await a_lead(), await somebody()
    for minutes in (46, 92, 138):
        await work(NOON + minutes * MINUTE)
    assert await stands(lead) == [("alliance_queue", None)]

    await offer(lead, "S1", by=by, at=NOON + 150 * MINUTE)

    assert await stands(lead) == [("offered", None)]
    assert await value("select closed_by from alliance_task") == by.actor.actor


async def test_an_offer_taken_back_waits_for_people_and_not_for_the_machine():
    lead, by = await a_lead(), await somebody()
    taken = await value("select id from offer")

    async with transaction():
        await steering.take_back(taken, reason="no_answer", scope=by, at=NOON)
    await work(NOON + MINUTE)

    assert await stands(lead) == [("alliance_queue", None)]
    assert [state for _, state in await offers_of(lead)] == ["withdrawn"]
    assert await value("select reason from alliance_task where closed_at is null") == "taken_back"


async def test_what_waits_for_people_may_be_given_back_to_the_machine():
    lead, by = await a_lead(), await somebody()
    async with transaction():
        await steering.take_back(await value_in("select id from offer"), reason="no_answer", scope=by, at=NOON)
        await steering.route_again(await interest_of_here(lead), scope=by, at=NOON)
    await work(NOON + MINUTE)

    assert await stands(lead) == [("offered", None)]


async def test_a_joined_enquiry_follows_to_the_store_chosen_by_hand():
    first, by = await a_lead(), await somebody()
    second = await a_lead(interests=[wants("aito", "test_drive")])
    assert await offers_of(second) == []

    await offer(first, await other_store(first), by=by, at=NOON + MINUTE)
    await work(NOON + MINUTE)

    assert await value("select joined from interest where lead = $1", second) == await value(
        "select id from offer where state = 'offered'"
    )


async def test_an_order_stays_where_it_is():
    lead, by = await a_lead(), await somebody()
    async with transaction():
        await value_in("update interest set stage = 'order' returning id")

    with pytest.raises(BeyondSteering):
        await offer(lead, await other_store(lead), by=by, at=NOON + MINUTE)


async def test_a_brand_steers_its_own_interests_alone():
    lead, by = await a_lead(), await somebody("brand_marketer", brand="luxeed")

    with pytest.raises(NotThere):
        await offer(lead, "S2", by=by)


async def test_stores_to_choose_from_come_nearest_first_with_their_load():
    lead, by = await a_lead(), await somebody()
    async with transaction():
        shown = await steering.choosable(await interest_of_here(lead), scope=by, at=NOON)
        found = await steering.choosable(await interest_of_here(lead), scope=by, at=NOON, sought="二号")

    assert {one.code for one in shown} == {"S1", "S2"}
    assert shown == sorted(shown, key=lambda one: one.distance_m or 0)
    assert {one.code: (one.offered, one.standing) for one in shown}[(await offers_of(lead))[0][0]] == (1, "has_it")
    assert [one.code for one in found] == ["S2"]


async def test_a_place_releases_what_waited_for_one():
    lead, by = await a_lead(place=None), await somebody()
    assert await stands(lead) == [("cleared", "no_place")]

    async with transaction():
        await steering.place(lead, region="510107", version=1, scope=by, at=NOON + MINUTE)
    await work(NOON + MINUTE)

    assert await stands(lead) == [("offered", None)]
    assert await value("select version from lead") == 2


async def test_who_saves_second_is_shown_both_values():
    lead, by = await a_lead(place=None), await somebody()
    async with transaction():
        await steering.place(lead, region="510107", version=1, scope=by, at=NOON)

    with pytest.raises(Outdated) as met:
        async with transaction():
            await steering.place(lead, region="510104", version=1, scope=by, at=NOON)
    assert (met.value.theirs, met.value.mine, met.value.version) == ({"region": "510107"}, {"region": "510104"}, 2)


async def test_a_brand_named_by_hand_releases_an_interest_that_had_none():
    lead, by = await a_lead(interests=[wants(None)]), await somebody()
    assert await stands(lead) == [("identified", "no_interest")]

    async with transaction():
        await steering.change_interest(
            await interest_of_here(lead),
            Wanted(kind="test_drive", brand="aito", model="M9"),
            version=1,
            scope=by,
            at=NOON,
            heard="by_phone",
        )
    await work()

    assert await stands(lead) == [("offered", None)]
    assert await value("select count(*) from milestone where kind = 1 and retracted_at is null") == 1
    assert (
        await value(
            "select brand.code from milestone join brand on brand.id = brand where kind = 1 and retracted_at is null"
        )
        == "aito"
    )


async def test_an_interest_added_goes_the_whole_way():
    lead, by = await a_lead(interests=[]), await somebody()

    async with transaction():
        await steering.add_interest(lead, Wanted(kind="buy", brand="aito"), version=1, scope=by, at=NOON)
    await work()

    assert await stands(lead) == [("offered", None)]
    assert await value("select captured_at from interest") == NOON


async def test_a_model_of_another_brand_is_refused_at_its_field():
    lead, by = await a_lead(interests=[]), await somebody()

    with pytest.raises(Invalid) as met:
        async with transaction():
            await steering.add_interest(
                lead, Wanted(kind="buy", brand="aito", model="R7"), version=1, scope=by, at=NOON
            )
    assert [fault["path"] for fault in met.value.errors] == ["model"]


async def test_a_brand_adds_no_interest_in_another():
    lead, by = await a_lead(), await somebody("brand_marketer", brand="aito")

    with pytest.raises(Invalid):
        async with transaction():
            await steering.add_interest(lead, Wanted(kind="buy", brand="luxeed"), version=1, scope=by, at=NOON)


async def test_spam_leaves_stores_and_queues_and_may_come_back():
    lead, by = await a_lead(), await somebody()
    async with transaction():
        await steering.mark_spam(lead, scope=by, at=NOON)
    await work(NOON + MINUTE)
    assert (await stands(lead), [state for _, state in await offers_of(lead)]) == (
        [("identified", "spam")],
        ["withdrawn"],
    )

    async with transaction():
        await steering.unmark_spam(lead, scope=by, at=NOON + MINUTE)
    await work(NOON + MINUTE)
    assert await stands(lead) == [("offered", None)]


async def test_what_a_store_has_accepted_is_no_spam():
    from leads import inbox
    from leads.steering.spam import StoreHasIt

    lead, by = await a_lead(), await somebody()
    store = (await offers_of(lead))[0][0]
    async with transaction():
        await inbox.accept(
            await value_in("select id from offer"), dealer=await dealer_here({"S1": "D1", "S2": "D2"}[store]), at=NOON
        )
    with pytest.raises(StoreHasIt):
        async with transaction():
            await steering.mark_spam(lead, scope=by, at=NOON)


async def dealer_here(code):
    from crm import access
    from crm.access import Principal

    return Principal(
        "dealer", await value_in("select id from dealer where code = $1", code), code, access.SCOPES["dealer"]
    )


async def test_an_interest_that_a_worker_decides_on_is_left_to_it(fresh_hand):
    lead, by = await a_lead(consents=[]), await somebody()
    async with transaction():
        interest = await interest_of_here(lead)
    await fresh_hand.execute("begin")
    await fresh_hand.execute("select from interest where id = $1 for update", interest)

    with pytest.raises(BeingDecided):
        await offer(lead, "S1", by=by)
    await fresh_hand.execute("rollback")


@pytest.fixture
async def fresh_hand():
    """Another connection to the same database, as a worker has."""
    import asyncpg

    from crm.database import DB

    connection = await asyncpg.connect(DB.config["dsn"])
    yield connection
    await connection.close()
