"""Questions about identity: one answer each, kept as a label, with what it sets free, and back again."""

import asyncio
from datetime import timedelta

import pytest

from crm import people
from crm.database import transaction
from crm.errors import Invalid
from crm.identity import scoring
from crm.people import comparison, reviews
from tests import cast
from tests.cast import DAY, MINUTE, NOON, a_lead, colleague, open_chengdu, person_of, stands, value, work

LATER = NOON + timedelta(hours=1)


@pytest.fixture
async def asked(tmp_path):
    """Two people whom somebody suspects to be one: the older and the newer."""
    await open_chengdu(tmp_path)
    wang, li = await person_of(await a_lead()), await person_of(await a_lead(person=cast.LI, at=NOON + MINUTE))
    await question(wang, li)
    return wang, li


async def question(one, other, *, at=NOON):
    async with transaction() as connection:
        await connection.execute(
            "insert into review_task (id, kind, person, other, opened_at) values (gen_random_uuid(), 'possible_same', $2, $1, $3)",
            one, other, at,
        )  # fmt: skip


async def the_question(at=LATER):
    async with transaction():
        return (await reviews.waiting(at=at))[0].id


async def answer(task, verdict, actor, *, at=LATER, other=None):
    async with transaction():
        return await reviews.answer(task, verdict=verdict, actor=actor, at=at, other=other)


async def undo(task, actor):
    async with transaction():
        return await reviews.undo(task, actor=actor, at=LATER)


async def waiting(at=LATER):
    async with transaction():
        return await reviews.waiting(at=at)


async def test_same_makes_them_one_and_keeps_who_said_so(asked):
    wang, li = asked
    actor = await colleague("alliance_marketer")

    task = await answer(await the_question(), "same", actor)

    assert (task.answer, task.who, task.merge is None) == ("same", actor.name, False)
    assert await value("select merged_into from person where id = $1", li) == wang
    assert not await waiting()


async def test_taking_same_back_gives_both_back_and_asks_again(asked):
    actor = await colleague("alliance_marketer")
    task = await answer(await the_question(), "same", actor)

    await undo(task.id, actor)

    assert [one.id for one in await waiting()] == [task.id]
    assert await value("select count(*) from person where status = 'merged'") == 0
    assert await value("select count(*) from no_merge") == 0


async def test_different_keeps_them_apart_until_it_is_taken_back(asked):
    actor = await colleague("alliance_marketer")
    task = await answer(await the_question(), "different", actor)
    kept = await value("select count(*) from no_merge")

    await undo(task.id, actor)

    assert (kept, await value("select count(*) from no_merge"), len(await waiting())) == (1, 0, 1)


async def test_later_comes_back_after_a_day_or_when_it_is_taken_back(asked):
    actor = await colleague("alliance_marketer")
    task = await answer(await the_question(), "later", actor)
    assert (await waiting(), len(await waiting(at=LATER + DAY))) == ([], 1)

    await undo(task.id, actor)

    assert len(await waiting()) == 1


async def test_the_second_reviewer_is_told_who_answered(asked):
    first, second = await colleague("alliance_marketer"), await colleague("alliance_admin")
    task = await the_question()

    answers = await asyncio.gather(
        answer(task, "different", first), answer(task, "same", second), return_exceptions=True
    )

    [refusal] = [one for one in answers if isinstance(one, reviews.AnsweredAlready)]
    assert str(refusal) in {
        f"{first.name} answered this already: different.",
        f"{second.name} answered this already: same.",
    }


async def test_answers_are_counted_as_labels_of_their_reviewer(asked):
    actor = await colleague("alliance_marketer")
    other = await colleague("alliance_admin")
    await answer(await the_question(), "different", actor)

    async with transaction():
        mine = await reviews.standing(actor=actor, at=LATER, since=NOON)
        others = await reviews.standing(actor=other, at=LATER, since=NOON)

    assert (mine.answered, others.answered, mine.waiting) == (1, 0, 0)


async def test_a_question_between_two_who_became_one_another_way_is_answered_with_the_merge(asked):
    wang, li = asked
    du = await person_of(await a_lead(person=cast.DU))
    await question(wang, du)
    actor = await colleague("alliance_marketer")

    async with transaction():
        await people.merge(li, du, actor=actor.actor, reason="one card", at=LATER)
        await people.merge(wang, li, actor=actor.actor, reason="one card", at=LATER)

    assert await value("select array_agg(answer) from review_task") == ["same", "same"]


async def test_the_queue_is_walked_in_both_ways(asked):
    du = await person_of(await a_lead(person=cast.DU))
    await question(asked[0], du, at=NOON + MINUTE)
    first, second = await waiting()

    async with transaction():
        task = await reviews.find(second.id)
        before, after = await reviews.before(task, at=LATER), await reviews.next_after(task, at=LATER)
        assert before
        assert after
        assert before.id == after.id == first.id
        assert await reviews.position(task, at=LATER) == 2


async def test_two_are_weighed_part_by_part_as_an_enquiry_would_be(asked):
    wang, li = asked

    async with transaction():
        found = await comparison.weigh_up(li, wang, newcomer=True)

    assert [part.name for part in found.parts] == ["city_same", "phone_other", "name_other"]
    assert found.total == pytest.approx(sum(part.points for part in found.parts))
    assert found.needed == scoring.model().link


@pytest.fixture
async def contradiction(tmp_path):
    """Somebody with 王建国's phone and 李娜萌's mailbox, who bears neither name clearly: their enquiry waits."""
    await open_chengdu(tmp_path)
    await a_lead(person=cast.WANG)
    await a_lead(person={"name": "李娜萌", "email": "nameng@example.com"})
    lead = await a_lead(person={"phone": cast.WANG["phone"], "email": "nameng@example.com"}, at=NOON + MINUTE)
    assert await stands(lead) == [("identified", "needs_review")]
    return lead


@pytest.mark.parametrize("verdict", ["same", "different"])
async def test_an_answered_contradiction_sets_its_enquiry_free(contradiction, verdict):
    await answer(await the_question(), verdict, await colleague("alliance_marketer"))
    await work(LATER)

    assert await stands(contradiction) == [("offered", None)]


async def test_a_contradiction_may_be_answered_with_the_second_person_in_question(contradiction):
    actor = await colleague("alliance_marketer")
    asked = await the_question()
    async with transaction():
        task = await reviews.find(asked)
        [rival] = await comparison.rivals(task.person, without=task.other)

    done = await answer(task.id, "same", actor, other=rival.person)
    await work(LATER)

    assert (done.answer, await person_of(contradiction)) == ("same", rival.person)
    assert await stands(contradiction) == [("offered", None)]
    await undo(task.id, actor)
    assert len(await waiting()) == 1


async def test_somebody_who_is_not_in_question_is_no_answer(contradiction):
    du = await person_of(await a_lead(person=cast.DU))

    with pytest.raises(Invalid):
        await answer(await the_question(), "same", await colleague("alliance_marketer"), other=du)


async def test_what_nobody_answered_cannot_be_taken_back(asked):
    actor, task = await colleague("alliance_marketer"), await the_question()
    await undo(task, actor)
    async with transaction() as connection:
        await connection.execute(
            "update review_task set closed_at = now(), closed_by = 'staff:1', answer = 'withdrawn'"
        )

    found = await undo(task, actor)

    assert found.answer == "withdrawn"
    assert await value("select count(*) from history_entry where action = 'review_undone'") == 0
