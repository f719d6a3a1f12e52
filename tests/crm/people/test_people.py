"""Merge and unmerge give and take exactly; the golden record says what is known."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm import identity, normalise, people
from crm.database import current, transaction
from crm.errors import NotKnown
from crm.ids import uuid7

NOON = datetime(2025, 8, 29, 4, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
FAMILIES = ["杜泽鹏", "李娜萌", "王超伟", "孙博桂", "陈芳芳", "赵静璐"]

# What merge and unmerge must leave as it was: all but versions and the closed links that tell the story.
STATE = """
select json_build_object(
    'persons', (select json_agg((id, no, status, merged_into, created_at) order by id) from person),
    'links', (select json_agg(link order by id) from link where closed_at is null),
    'keys', (select json_agg(identity_key order by id) from identity_key),
    'questions', (select json_agg(review_task order by id) from review_task)
)
"""


async def cluster(*names, phones=None):
    """Persons by name, as many as there are names, each from one observation of their own phone."""
    async with transaction():
        source = await current().fetchval(
            "insert into source (code, kind, test) values ($1, 'event_desk', false) returning id", str(uuid7(NOON))
        )
        said = [
            identity.Observed(
                id=uuid7(NOON),
                source=source,
                external_id=str(number),
                captured_at=NOON,
                received_at=NOON,
                name=normalise.name(name),
                phone=normalise.phone((phones or {}).get(number, f"1351234{number:04}")),
            )
            for number, name in enumerate(names)
        ]
        return [one.person for one in await identity.resolve(said, at=NOON)]


async def state():
    async with transaction():
        return await current().fetchval(STATE)


async def merge(*persons, actor="staff:1"):
    async with transaction():
        return await people.merge(*persons, actor=actor, reason="the same customer card", at=NOON)


async def unmerge(merge_id):
    async with transaction():
        return await people.unmerge(merge_id, actor="staff:1", at=LATER)


async def resolve_id(person):
    async with transaction():
        return await people.resolve_id(person)


async def test_the_older_id_survives_and_the_other_leads_to_it():
    persons = await cluster("杜泽鹏", "李娜萌")

    await merge(*reversed(persons))

    assert {await resolve_id(person) for person in persons} == {min(persons)}


async def test_unmerge_gives_back_exactly_what_merge_took():
    persons = await cluster("杜泽鹏", "李娜萌", "王超伟")
    before = await state()

    for merge_id in reversed(await merge(*persons)):
        await unmerge(merge_id)

    assert await state() == before


@given(st.integers(0, 2**32))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_merging_random_clusters_and_taking_it_back_restores_everything(seed):
    chance = random.Random(seed)
    shared = {number: f"1360000{chance.randrange(8):04}" for number in range(12)}
    persons = list(set(await cluster(*(chance.choice(FAMILIES) for _ in range(12)), phones=shared)))
    states, merges = [], []

    for _ in range(chance.randrange(1, 6)):
        states.append(await state())
        try:
            merges.append(await merge(*chance.sample(persons, k=min(len(persons), chance.randrange(2, 4)))))
        except people.AlreadyOne:
            states.pop()
    while merges:
        for merge_id in reversed(merges.pop()):
            await unmerge(merge_id)
        assert await state() == states.pop()


async def test_a_source_knows_nobody_through_a_merge_that_was_undone():
    one, other = await cluster("杜泽鹏", "李娜萌")
    async with transaction():
        await current().execute("insert into source (code, kind, test) values ('second', 'api', false)")
        second = await current().fetchval("select id from source where code = 'second'")
        await current().execute("alter table observation disable trigger observation_append_only")
        await current().execute(
            "update observation set source = $1 from link where link.observation = observation.id and link.person = $2",
            second,
            other,
        )
        await current().execute("alter table observation enable trigger observation_append_only")
    [merge_id] = await merge(one, other)
    async with transaction():
        assert await people.was_sent_by(one, source=second)

    await unmerge(merge_id)

    async with transaction():
        assert not await people.was_sent_by(one, source=second)
        assert await people.was_sent_by(other, source=second)


async def test_an_answered_question_is_open_again_after_unmerge():
    one, other = await cluster("李明", "李芳", phones={0: "13512345670", 1: "13512345670"})
    question = "select count(*) from review_task where closed_at is null"
    [merge_id] = await merge(one, other)
    async with transaction():
        assert await current().fetchval(question) == 0

    await unmerge(merge_id)

    async with transaction():
        assert await current().fetchval(question) == 1


async def test_what_was_linked_after_a_merge_stays_with_the_survivor():
    one, other = await cluster("杜泽鹏", "李娜萌")
    [merge_id] = await merge(one, other)
    survivor = min(one, other)
    [later] = await cluster("李娜萌", phones={0: "13512340001"})

    await unmerge(merge_id)

    assert later == survivor
    async with transaction():
        assert len((await people.show(survivor)).seen) == 2


async def test_the_machine_is_refused_what_a_person_took_apart():
    persons = await cluster("杜泽鹏", "李娜萌")
    [merge_id] = await merge(*persons)
    await unmerge(merge_id)

    with pytest.raises(people.KnownApart):
        await merge(*persons, actor=people.MACHINE)
    assert await merge(*persons)


async def test_people_found_apart_stay_so_under_an_older_id():
    oldest, middle, youngest = sorted(await cluster("杜泽鹏", "李娜萌", "王超伟"))
    async with transaction():
        await people.keep_apart(middle, youngest, actor="staff:1", at=NOON)

    await merge(oldest, middle)

    with pytest.raises(people.KnownApart):
        await merge(oldest, youngest, actor=people.MACHINE)


async def test_a_merge_beneath_a_later_one_is_undone_in_its_turn():
    oldest, middle, youngest = sorted(await cluster("杜泽鹏", "李娜萌", "王超伟"))
    [beneath] = await merge(middle, youngest)
    [later] = await merge(oldest, middle)

    with pytest.raises(people.MergedFurther, match=str(later)):
        await unmerge(beneath)
    await unmerge(later)
    assert await resolve_id(youngest) == middle


async def test_one_merge_is_undone_once():
    [merge_id] = await merge(*await cluster("杜泽鹏", "李娜萌"))
    await unmerge(merge_id)

    with pytest.raises(people.AlreadyUndone):
        await unmerge(merge_id)


async def test_an_id_that_was_never_given_out_is_not_known():
    with pytest.raises(NotKnown):
        await resolve_id(uuid7(NOON))


async def test_higher_apps_are_told_about_both_persons():
    persons = await cluster("杜泽鹏", "李娜萌")

    [merge_id] = await merge(*persons)
    await unmerge(merge_id)

    async with transaction():
        told = await current().fetch("select kind, person from change order by id")
    assert [tuple(row) for row in told] == [(kind, one) for kind in ("merged", "unmerged") for one in sorted(persons)]


async def test_the_golden_record_counts_what_was_said():
    first, *_ = await cluster("杜泽鹏", "Du Zepeng", "杜泽鹏", phones=dict.fromkeys(range(3), "13512345670"))

    async with transaction():
        record = await people.show(first)

    assert record.names[0] == people.Said("杜泽鹏", 2)
    assert record.phones == [people.Said("+8613512345670", 3)]
    assert "杜" not in repr(record)
