"""Counts that are kept beside the ledgers say what the ledgers say, whatever happens to these and whenever it is folded."""

import asyncio
from collections import Counter
from uuid import UUID

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import figures
from campaigns.figures import Figure
from campaigns.tables import Touchpoint
from campaigns.touchpoints import Fact, Touch, give_campaign, milestone, record_milestones, record_touches, retract_told
from crm.database import current, statement, transaction
from crm.roles import Actor, visible_to
from tests.cast import NOON
from tests.whole import running

ONE, OTHER = 901, 902
# What an independent reader of the ledgers counts.
LEDGERS = """
with told as (
    select campaign, 0 as figure, coalesce(brand, 0) as place, observation as subject
    from touchpoint join touchpoint_kind as kind on kind.id = touchpoint.kind and kind.registers
    where retracted_at is null and observation is not null
    union all
    select campaign, kind, coalesce(brand, 0), lead from milestone where retracted_at is null
)
select campaign, figure, place, count(distinct subject) as number from told where place <> 0 group by 1, 2, 3
union all select campaign, figure, 0, count(distinct subject) from told group by 1, 2
union all select campaign, 10, channel, count(*) from touchpoint
where kind = 10 and retracted_at is null and channel is not null group by 1, 2, 3
union all select campaign, 11, channel, count(*) from registration where channel is not null group by 1, 2, 3
union all select campaign, 12, channel, count(lead) from registration where channel is not null group by 1, 2, 3
"""


def nth(kind, number):
    return UUID(int=kind << 64 | number)


small = st.integers(0, 3)
brands = st.sampled_from([None, 1, 2, 3])
campaigns = st.sampled_from([None, ONE, OTHER])
acts = st.one_of(
    st.tuples(
        st.just("touch"), small, brands, campaigns, st.sampled_from([Touch.registration, Touch.visit, Touch.booking])
    ),
    st.tuples(st.just("land"), small, st.sampled_from([None, 7, 8]), campaigns),
    st.tuples(st.just("fact"), small, small, brands, campaigns, st.sampled_from([Fact.lead, Fact.order])),
    st.tuples(st.just("retract"), small, small),
    st.tuples(st.just("give"), small, small, campaigns),
    st.tuples(st.just("delete"), small),
    st.tuples(st.just("guest"), st.sampled_from([None, 7, 8]), st.sampled_from([ONE, OTHER])),
    st.tuples(st.just("guest leads"), st.booleans()),
    st.tuples(st.just("guest moves"), st.sampled_from([None, 7, 8])),
    st.tuples(st.just("fold"), st.sampled_from([ONE, OTHER])),
)


async def do(act):  # noqa: C901  one line per kind of act
    match act:
        case ("touch", number, brand, campaign, kind):
            await record_touches([a_touch(number, kind, campaign=campaign, brand=brand)])
        case ("land", number, channel, campaign):
            await record_touches([a_touch(number, Touch.landing, campaign=campaign, channel=channel, observation=None)])
        case ("fact", lead, interest, brand, campaign, fact):
            await record_milestones([a_fact(lead, interest, fact, campaign=campaign, brand=brand)])
        case ("retract", number, interest):
            await retract_told(observations=[nth(2, number)], interests=[nth(4, interest)], at=NOON)
        case ("give", number, interest, campaign):
            await give_campaign(campaign, observations=[nth(2, number)], interests=[nth(4, interest)], at=NOON)
        case ("delete", number):
            await current().execute("delete from touchpoint where observation = $1", nth(2, number))
        case ("guest", channel, campaign):
            await current().execute(_GUEST, nth(7, next(COUNTER)), campaign, channel, NOON)
        case ("guest leads", leads):
            await current().execute("update registration set lead = case when $1 then id end", leads)
        case ("guest moves", channel):
            await current().execute("update registration set channel = $1 where campaign = $2", channel, ONE)
        case ("fold", campaign):
            await figures.fold(campaign)


def a_touch(number, kind, **facts):
    row = {
        "person": nth(1, number),
        "observation": nth(2, number),
        "campaign": ONE,
        "brand": None,
        "channel": None,
    } | facts
    return Touchpoint(id=nth(9, next(COUNTER)), kind=int(kind), at=NOON, recorded_at=NOON, **row)


def a_fact(lead, interest, fact, *, campaign=ONE, brand=1):
    return milestone(
        fact,
        person=nth(1, lead),
        lead=nth(3, lead),
        interest=nth(4, interest),
        campaign=campaign,
        brand=brand,
        at=NOON,
        recorded_at=NOON,
    )


COUNTER = iter(range(10**9))


async def kept():
    found: Counter[tuple[int, int, int]] = Counter()
    for campaign in (ONE, OTHER):
        rows = await current().fetch(statement("campaigns", "campaign_counts"), campaign)
        found.update({(campaign, row["figure"], row["place"]): row["number"] for row in rows})
    return found


async def counted():
    rows = await current().fetch(f"select * from ({LEDGERS}) as counted where campaign = any($1)", [ONE, OTHER])
    return Counter({tuple(row)[:3]: row["number"] for row in rows if row["number"]})


@settings(
    max_examples=300 if running.FULL else 60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=st.lists(acts, max_size=25))
async def test_kept_counts_are_those_of_the_ledgers_after_every_act(story):
    async with transaction() as connection:
        undone = connection.transaction()
        await undone.start()
        for other in ("event", "campaign", "observation", "source", "channel"):
            await connection.execute(f"alter table registration drop constraint registration_{other}_fkey")
        for act in story:
            await do(act)
            assert await kept() == await counted(), act
        await undone.rollback()


async def test_counts_stay_true_while_several_write_and_fold_at_once(fresh_database):
    each, writers = (40, 6) if running.FULL else (12, 4)

    async def write(number):
        connection = await asyncpg.connect(fresh_database.url)
        for step in range(each):
            async with connection.transaction():
                await connection.execute(
                    _TOUCH, nth(1, step), NOON, nth(9, number * 1000 + step), nth(2, step), ONE, number % 3 + 1
                )
                await connection.execute(
                    _FACT,
                    nth(1, step),
                    NOON,
                    nth(9, number * 1000 + step),
                    nth(3, step),
                    nth(4, number * 1000 + step),
                    ONE,
                    number % 3 + 1,
                )
                if step % 3 == 0:
                    await connection.execute(
                        "update milestone set retracted_at = $1 where interest = $2", NOON, nth(4, number * 1000 + step)
                    )
        await connection.close()

    async def fold():
        connection = await asyncpg.connect(fresh_database.url)
        for _ in range(each):
            async with connection.transaction():
                await connection.execute("select pg_advisory_xact_lock($1)", ONE)
                await connection.execute(statement("campaigns", "fold_campaign_news"), ONE)
        await connection.close()

    await asyncio.gather(*map(write, range(writers)), fold(), fold())

    connection = await asyncpg.connect(fresh_database.url)
    said = {tuple(row) for row in await connection.fetch(statement("campaigns", "campaign_counts"), ONE)}
    asked = {
        tuple(row)[1:]
        for row in await connection.fetch(
            f"select * from ({LEDGERS}) as counted where campaign = $1 and number > 0", ONE
        )
    }
    await connection.close()
    assert said == asked
    assert said


async def test_news_are_folded_once_there_are_enough_of_them():
    async with transaction():
        await record_touches([a_touch(number, Touch.registration, brand=1) for number in range(figures.ENOUGH)])

    assert await figures.fold_due(NOON) == 1
    assert await figures.fold_due(NOON) == 0
    async with transaction():
        assert await current().fetchval("select count(*) from campaign_news") == 0
        assert await kept() == await counted()


def of_brand(brand, role="brand_marketer"):
    return visible_to(Actor(id=1, login="x", name="x", role=role, brand=brand, session=nth(8, 1)))


async def test_a_brands_people_get_their_own_exactly_and_nothing_small_of_the_others():
    async with transaction():
        await record_touches(
            [a_touch(number, Touch.registration, brand=1 if number < 10 else 2) for number in range(13)]
        )
        await record_milestones(
            [a_fact(number, number, Fact.lead, brand=1 if number < 3 else 2) for number in range(12)]
        )

        read = await figures.figures(ONE, of_brand(1))

    assert set(read.brands) == {1}
    assert read.others is not None
    assert (read.brands[1][Figure.registered], read.brands[1][Figure.lead]) == (10, 3)
    assert (read.total[Figure.registered], read.others[Figure.registered]) == (None, None)
    assert (read.total[Figure.lead], read.others[Figure.lead]) == (12, 9)


async def test_an_analyst_of_the_alliance_sees_every_brand():
    async with transaction():
        await record_touches([a_touch(1, Touch.registration, brand=1), a_touch(1, Touch.registration, brand=2)])

        read = await figures.figures(ONE, of_brand(None, "analyst"))

    assert {brand: reach[Figure.registered] for brand, reach in read.brands.items()} == {1: 1, 2: 1}
    assert (read.total[Figure.registered], read.others) == (1, None)


def test_each_step_stands_beside_the_one_before_it():
    reach = dict.fromkeys(figures.GOALS, 0) | {Figure.registered: 200, Figure.lead: 100, Figure.offered: None}

    rates = {step.figure: step.rate for step in figures.steps(reach)}

    assert (rates[Figure.registered], rates[Figure.lead]) == (None, 0.5)
    assert (rates[Figure.offered], rates[Figure.accepted]) == (None, None)


_GUEST = """
insert into registration (id, event, campaign, observation, person, source, external_id, body_hash, channel, language, sealed, state, registered_at)
values ($1, 1, $2, $1, $1, 1, $1::uuid::text, '', $3, 'zh', '', 'confirmed', $4)
"""
_TOUCH = """
insert into touchpoint (person, at, id, observation, kind, campaign, brand, recorded_at) values ($1, $2, $3, $4, 1, $5, $6, $2)
"""
_FACT = """
insert into milestone (person, at, id, lead, interest, kind, campaign, brand, recorded_at) values ($1, $2, $3, $4, $5, 1, $6, $7, $2)
"""
