"""Notes and tasks are sealed, and seen by those who work for the same brand."""

from datetime import timedelta
from uuid import uuid4

import pytest

from crm import notes, tasks
from crm.database import transaction
from crm.errors import Invalid, NotThere
from crm.roles import visible_to
from crm.staff import notifications
from tests.cast import NOON, colleague, value

LEAD = uuid4()


async def note(by, text="下午再打", **facts):
    async with transaction():
        return await notes.write("lead", LEAD, text=text, by=by, at=NOON, **facts)


async def seen_by(who, *, looking_at=None):
    async with transaction():
        return [one.text for one in await notes.on("lead", [LEAD], scope=visible_to(who, looking_at=looking_at))]


async def test_a_note_lies_sealed_and_opens_for_its_writer():
    writer = await colleague("brand_marketer", brand="aito")
    await note(writer)

    assert "下午".encode() not in await value("select text from staff_note")
    assert await seen_by(writer) == ["下午再打"]


async def test_another_brand_does_not_see_it_and_the_alliance_does():
    await note(await colleague("brand_marketer", brand="aito"))

    assert await seen_by(await colleague("brand_marketer", brand="luxeed")) == []
    assert await seen_by(await colleague("alliance_marketer")) == ["下午再打"]


async def test_the_alliance_writes_for_itself_or_for_one_brand():
    alliance, aito = await colleague("alliance_marketer"), await colleague("brand_marketer", brand="aito")
    await note(alliance, "for us")
    await note(alliance, "for AITO", brand=aito.brand)

    assert await seen_by(aito) == ["for AITO"]
    assert set(await seen_by(alliance)) == {"for us", "for AITO"}
    assert set(await seen_by(alliance, looking_at=aito.brand)) == {"for us", "for AITO"}


async def test_a_brand_cannot_write_in_another_ones_name():
    aito, luxeed = await colleague("brand_marketer", brand="aito"), await colleague("brand_marketer", brand="luxeed")
    await note(aito, brand=luxeed.brand)

    assert await seen_by(luxeed) == []


async def test_a_note_taken_back_is_gone_until_it_is_brought_back():
    writer = await colleague("alliance_marketer")
    written = await note(writer)

    async with transaction():
        await notes.retract(written, subject=LEAD, by=writer, at=NOON)
    assert await seen_by(writer) == []
    async with transaction():
        await notes.restore(written, subject=LEAD, by=writer)
    assert await seen_by(writer) == ["下午再打"]


async def test_nobody_takes_back_what_somebody_else_wrote():
    written, other = await note(await colleague("alliance_marketer")), await colleague("alliance_admin")

    with pytest.raises(NotThere):
        async with transaction():
            await notes.retract(written, subject=LEAD, by=other, at=NOON)


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001])
async def test_a_note_says_something_and_not_too_much(text):
    with pytest.raises(Invalid):
        await note(await colleague("alliance_marketer"), text)


async def test_who_is_asked_is_told_in_the_page_without_words():
    asking, asked = await colleague("alliance_marketer"), await colleague("brand_marketer", brand="aito")
    async with transaction():
        await tasks.set_(
            "lead", LEAD, text="回电", by=asking, at=NOON, assignee=asked.id, due_at=NOON + timedelta(hours=1)
        )

    async with transaction():
        [heard] = await notifications.of(asked)
    assert (heard.href, heard.words) == (f"/leads/{LEAD}", f"{asking.name} gave you a task")
    async with transaction():
        [seen] = await tasks.on("lead", [LEAD], scope=visible_to(asked))
    assert (seen.text, seen.assignee) == ("回电", asked.id)


async def test_a_task_stays_done_by_who_did_it_first_and_may_be_reopened():
    first, second = await colleague("alliance_marketer"), await colleague("alliance_admin")
    async with transaction():
        task = await tasks.set_("lead", LEAD, text="回电", by=first, at=NOON)
        await tasks.done(task, subject=LEAD, scope=visible_to(first), at=NOON)
        await tasks.done(task, subject=LEAD, scope=visible_to(second), at=NOON + timedelta(hours=1))
    assert await value("select done_by from staff_task where done_at = $1", NOON) == first.id

    async with transaction():
        await tasks.reopen(task, subject=LEAD, scope=visible_to(second))
    assert await value("select done_by from staff_task") is None


async def test_a_brand_asks_nobody_of_another_brand():
    asking, other = await colleague("brand_marketer", brand="aito"), await colleague("brand_marketer", brand="luxeed")

    with pytest.raises(Invalid):
        async with transaction():
            await tasks.set_("lead", LEAD, text="回电", by=asking, at=NOON, assignee=other.id)


async def test_a_task_of_another_brand_is_not_done_by_ours():
    theirs, ours = await colleague("brand_marketer", brand="luxeed"), await colleague("brand_marketer", brand="aito")
    async with transaction():
        task = await tasks.set_("lead", LEAD, text="回电", by=theirs, at=NOON)

    with pytest.raises(NotThere):
        async with transaction():
            await tasks.done(task, subject=LEAD, scope=visible_to(ours), at=NOON)
