"""A policy tried on the past moves what a hand calculation moves, repeats itself on its own past, and writes nothing."""

import random
from datetime import timedelta

import msgspec
import pytest

from crm.database import current, insert, transaction
from crm.errors import Refused
from crm.tables import Staff
from crm.work import until_idle
from leads import routing
from leads.routing import simulation, telling
from leads.routing.comparison import figures
from leads.routing.policies import Policy
from leads.routing.simulation import NothingDecided, Question
from tests.cast import CHENGDU, MINUTE, NOON, fetch, open_chengdu
from tests.leads.wishing import CHENGDU_CENTRE, brand_id, make_offer, make_wishes, open_the_network, store_id

NEAREST_ONLY = Policy(pool_min_km=0, pool_factor=1)


@pytest.fixture
async def chengdu(tmp_path):
    """Two neighbours that sell AITO, S2 a little nearer to the show than S1."""
    await open_chengdu(tmp_path)


async def decide(wishes, *, at=NOON):
    async with transaction():
        return await routing.decide(wishes, at=at)


async def one_by_one(count, **facts):
    """So many leads at the show, a minute apart."""
    async with transaction():
        wishes = await make_wishes(count, **(CHENGDU_CENTRE | facts))
    return [
        receipt for minute, wish in enumerate(wishes) for receipt in await decide([wish], at=NOON + minute * MINUTE)
    ]


async def goes_on(receipt, wish, *, state="refused", at):
    """The store that was chosen ends it in this way, and it is decided again."""
    async with transaction():
        await make_offer(receipt, state=state)
    return (await decide([wish], at=at))[0]


async def simulate(rules, *, brand="aito", until=NOON + timedelta(days=9)):
    async with transaction():
        return await simulation.run(Question(await brand_id(brand), rules, NOON, until))


def moves(result):
    return {(move.past, move.tried): move.count for city in result.cities for move in city.moves}


async def test_to_the_nearest_alone_every_lead_of_the_other_store_moves(chengdu):
    await one_by_one(6)

    result = await simulate(NEAREST_ONLY)

    assert (result.interests, result.moved, moves(result)) == (6, 3, {("S1", "S2"): 3})
    assert {store.store: (store.past, store.tried) for store in result.stores} == {"S1": (3, 0), "S2": (3, 6)}
    assert [city.city for city in result.cities] == ["510100"]
    assert (result.past.mean_km, result.tried.mean_km, result.tried.p90_km) == (0.29, 0.26, 0.3)


async def test_fairness_is_the_largest_gap_to_a_fair_share_in_leads_per_unit_of_weight(chengdu):
    async with transaction():
        await current().execute("update routing_policy set data = $1", msgspec.json.encode(NEAREST_ONLY).decode())
        await current().execute("update store set weight = 3 where code = 'S1'")
        await current().execute("insert into network_version (at, cause) values ($1, 'test')", NOON)
    await one_by_one(5)

    result = await simulate(Policy())

    # Of five, S1 is due 3.75 and S2 1.25. S1 S1 S2 S1 S1 would be: a quarter from it, for S2 with weight one.
    assert {store.store: (store.tried, store.tried_due) for store in result.stores} == {"S1": (4, 3.8), "S2": (1, 1.2)}
    assert (result.past.uneven, result.tried.uneven, result.tried.pools) == (None, 0.25, 1)


async def test_a_store_that_fills_up_in_the_trial_hands_the_rest_to_its_neighbour(tmp_path):
    await open_chengdu(tmp_path, stores=CHENGDU.replace("30.5750,50", "30.5750,4"))
    await one_by_one(6)

    result = await simulate(NEAREST_ONLY)

    # S2 S1 S2 S1 S2 S1 was; S2 S2 S2 S2 S1 S1 would be.
    assert moves(result) == {("S1", "S2"): 2, ("S2", "S1"): 1}
    assert (result.past.full_days, result.tried.full_days, result.tried.store_days) == (0, 1, 2)


async def test_credits_go_on_from_where_they_stood_before_the_first_decision(chengdu):
    await one_by_one(1)
    async with transaction():
        await current().execute("update routing_policy set data = $1", msgspec.json.encode(NEAREST_ONLY).decode())
        later = await make_wishes(2, **CHENGDU_CENTRE)
    await decide(later, at=NOON + timedelta(days=1))

    async with transaction():
        since = NOON + timedelta(hours=1)
        result = await simulation.run(Question(await brand_id("aito"), Policy(), since, since + timedelta(days=2)))

    # The day before, S2 was given one by the pool of both: it is S1's turn, then S2's.
    assert moves(result) == {("S2", "S1"): 1}


async def test_the_store_that_has_a_lead_in_the_trial_refuses_it_where_the_one_of_the_past_did(chengdu):
    async with transaction():
        [wish] = await make_wishes(1, preferred_store=await store_id("S1"), **CHENGDU_CENTRE)
    [first] = await decide([wish])
    second = await goes_on(first, wish, at=NOON + MINUTE)
    await goes_on(second, wish, at=NOON + 2 * MINUTE)

    result = await simulate(Policy(tiers=("near",), pool_min_km=0, pool_factor=1))

    # S1, S2, nobody was; S2, S1, nobody would be.
    assert (result.interests, result.decisions, moves(result)) == (1, 3, {("S1", "S2"): 1})
    assert result.tried.ends == result.past.ends == {"alliance_queue": 1}
    assert {store.store: (store.past, store.tried) for store in result.stores} == {"S1": (1, 1), "S2": (1, 1)}


async def test_a_wider_reach_finds_stores_that_were_only_shown_as_out_of_reach(chengdu):
    async with transaction():
        await current().execute("update routing_policy set data = $1", '{"province_km": 10, "near_km": 10}')
        [wish] = await make_wishes(1, region="510603")
    [receipt] = await decide([wish])
    assert receipt.outcome == "alliance_queue"

    result = await simulate(Policy())

    assert moves(result) == {("alliance_queue", "S2"): 1}
    assert result.tried.tiers == {"province": 1}


async def test_a_lead_that_found_a_store_earlier_in_the_trial_stays_there(chengdu):
    async with transaction():
        await current().execute("update routing_policy set data = $1", '{"province_km": 10, "near_km": 10}')
        [wish] = await make_wishes(1, region="510603")
    await decide([wish])
    await decide([wish], at=NOON + MINUTE)

    result = await simulate(Policy())

    assert (result.decisions, result.interests, result.stayed, result.tried.offers) == (2, 1, 1, 1)
    assert result.tried.ends == {"offered": 1}


async def test_longer_protection_finds_the_holder_of_that_time(chengdu):
    async with transaction():
        [wish] = await make_wishes(1, preferred_store=await store_id("S1"), **CHENGDU_CENTRE)
    [receipt] = await decide([wish])
    async with transaction():
        await make_offer(receipt, state="accepted")
        later = NOON + timedelta(days=40)
        [again] = await make_wishes(1, person=wish.person, captured_at=later, **CHENGDU_CENTRE)
    [second] = await decide([again], at=later)
    assert second.tier == "near"

    result = await simulate(Policy(protection_days=60), until=later + MINUTE)

    assert result.tried.tiers == {"preferred": 1, "protected": 1}
    assert moves(result) == {("S2", "S1"): 1}


@pytest.fixture
async def a_busy_week():
    """Three hundred leads of one brand all over the country with small stores, some refused, in batches, and another brand beside."""
    chance = random.Random(11)
    async with transaction():
        await open_the_network()
        await current().execute("update store set daily_capacity = 1 + id % 3")
        codes = [row["region"] for row in await current().fetch("select region from store order by code")]
    for day in range(3):
        at = NOON + timedelta(days=day)
        async with transaction():
            wishes = [
                wish
                for code in chance.choices(codes, k=50)
                for wish in await make_wishes(2, region=code) + await make_wishes(1, brand="luxeed", region=code)
            ]
        first = await decide(wishes, at=at)
        refused = [pair for pair in zip(wishes, first, strict=True) if pair[1].winner and chance.random() < 0.4]
        async with transaction():
            for _, receipt in refused:
                await make_offer(receipt, state="refused")
        await decide([wish for wish, _ in refused], at=at + timedelta(hours=1))


async def test_a_policy_tried_on_its_own_past_moves_nobody(a_busy_week):
    result = await simulate(Policy())

    assert (result.interests, result.moved, result.stayed) == (300, 0, 0)
    assert result.decisions > 350
    assert len(result.past.ends) > 1
    assert result.past == result.tried


async def test_stores_that_a_receipt_did_not_look_at_are_found_in_the_network_and_that_is_said(a_busy_week):
    result = await simulate(Policy(near_km=60, tiers=("near",)))

    assert 0 < result.reached < result.decisions
    assert result.tried.tiers.keys() == {"near"}
    assert result.tried.offers > result.past.tiers["near"]


async def test_in_slices_it_comes_to_the_same_as_in_one_go(a_busy_week):
    async with transaction():
        question = Question(await brand_id("aito"), NEAREST_ONLY, NOON, NOON + timedelta(days=9))
        whole, going = await simulation.run(question), simulation.Going(NOON)
        while await simulation.go_on(question, going, limit=37):
            going = msgspec.json.decode(msgspec.json.encode(going), type=simulation.Going)

    assert whole.moved > 30
    sliced = figures(going.tally)
    assert (sliced.moved, sliced.past, sliced.tried) == (whole.moved, whole.past, whole.tried)


async def everything_else():
    tables = ("receipt", "offer", "interest", "store_day", "store_credit", "routing_policy", "person", "lead")
    return [await fetch(f"select *, xmin::text from {table} order by 1") for table in tables]


async def test_a_worker_simulates_in_the_background_and_writes_its_own_row_alone(a_busy_week):
    async with transaction():
        staff = await _somebody()
        question = Question(await brand_id("aito"), NEAREST_ONLY, NOON, NOON + timedelta(days=9))
        whole = await simulation.run(question)
        asked = await simulation.start(question, staff=staff, at=NOON)
    before = await everything_else()

    await until_idle([simulation.JOB], at=NOON + MINUTE)

    async with transaction():
        told = await simulation.find(asked)
    assert told.result is not None
    assert (told.state, told.done, told.result.moved) == ("done", told.total, whole.moved)
    assert told.ended_at == NOON + MINUTE
    assert await everything_else() == before


async def test_one_that_breaks_says_so_and_lets_the_next_one_go_on(chengdu):
    await one_by_one(4)
    async with transaction():
        question = Question(await brand_id("aito"), NEAREST_ONLY, NOON, NOON + timedelta(days=9))
        bad, good = [
            await simulation.start(question, staff=await _somebody(name), at=NOON + wait * MINUTE)
            for wait, name in enumerate(("one", "two"))
        ]
        await current().execute("""update simulation set data = '{"near_km": -5}' where id = $1""", bad)

    await until_idle([simulation.JOB], at=NOON)

    rows = await fetch("select id, state from simulation")
    assert {row["id"]: row["state"] for row in rows} == {bad: "failed", good: "done"}


async def test_a_time_in_which_nothing_was_decided_is_refused(chengdu):
    with pytest.raises(NothingDecided, match="choose another time"):
        await simulate(Policy())


async def test_the_terminal_tells_the_same_figures_from_a_file(chengdu, tmp_path):
    await one_by_one(6)
    file = tmp_path / "nearest.json"
    file.write_text('{"pool_min_km": 0, "pool_factor": 1}', encoding="utf-8")

    result = await ask(policy=file)

    text = telling.as_text(result)
    assert "3 of 6 interests would move (6 decisions)." in text
    assert "S1 > S2 3" in text
    assert max(map(len, text.splitlines())) <= telling.WIDTH


@pytest.mark.parametrize(
    ("content", "why"), [('{"near_km": -1}', "near_km"), ("near", "malformed"), ('{"near": 3}', "unknown")]
)
async def test_a_file_that_is_no_policy_is_refused_with_what_is_wrong(chengdu, tmp_path, content, why):
    file = tmp_path / "wrong.json"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(telling.NoSuchPolicy, match=why):
        await ask(policy=file)


@pytest.mark.parametrize("asked", [{}, {"policy": "x", "draft": 1}, {"brand": "nobody", "draft": 1}, {"draft": 7}])
async def test_the_terminal_asks_for_one_policy_of_a_brand_that_there_is(chengdu, asked):
    with pytest.raises(Refused):
        await ask(**asked)


async def ask(*, brand="aito", policy=None, draft=None):
    until = (NOON + timedelta(days=1)).replace(tzinfo=None)
    return await telling.simulate(brand=brand, policy=policy, draft=draft, since=None, until=until, at=NOON)


async def _somebody(login="tester"):
    await insert([Staff(login=login, name=login, role="alliance_admin", created_at=NOON, created_by="tester")])
    return await current().fetchval("select id from staff where login = $1", login)
