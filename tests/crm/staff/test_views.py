"""Saved views: whose they are, who may use them, and that none is lost by accident."""

import pytest

from crm.database import transaction
from crm.errors import Invalid, NotThere
from crm.staff import views
from tests.cast import NOON, colleague, open_chengdu, value


@pytest.fixture(autouse=True)
async def a_house(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def saves(actor, *, name="Shanghai, day 2", shared="private", query="campaign=shanghai-demo"):
    async with transaction():
        return await views.save(actor, "leads", name=name, query=query, shared=shared, at=NOON)


async def names_of(actor):
    async with transaction():
        return [view.name for view in await views.of(actor, "leads")]


@pytest.mark.parametrize(
    ("shared", "seen"), [("private", []), ("team", ["Shanghai, day 2"]), ("pinned", ["Shanghai, day 2"])]
)
async def test_a_view_is_seen_by_those_it_is_shared_with(shared, seen):
    mine, colleague_of_mine = await colleague("brand_marketer"), await colleague("brand_marketer")
    await saves(mine, shared=shared)

    assert await names_of(mine) == ["Shanghai, day 2"]
    assert await names_of(colleague_of_mine) == seen


@pytest.mark.parametrize("role", ["brand_marketer", "alliance_marketer"])
async def test_no_view_leaves_its_brand(role):
    await saves(await colleague("brand_marketer", brand="luxeed"), shared="pinned")

    assert await names_of(await colleague(role, brand="aito" if role == "brand_marketer" else None)) == []


async def test_pinned_views_come_first():
    mine = await colleague("alliance_marketer")
    await saves(mine, name="first")
    await saves(mine, name="pinned", shared="pinned")

    assert await names_of(mine) == ["pinned", "first"]


async def test_a_view_can_be_renamed_taken_away_and_brought_back():
    mine = await colleague("alliance_marketer")
    view = await saves(mine)
    async with transaction():
        await views.change(mine, view, name="  Day   2 ", shared="team", at=NOON)
    assert await names_of(mine) == ["Day 2"]

    async with transaction():
        await views.remove(mine, view, at=NOON)
    assert await names_of(mine) == []

    async with transaction():
        await views.restore(mine, view, at=NOON)
    assert await names_of(mine) == ["Day 2"]


@pytest.mark.parametrize("verb", ["change", "remove", "restore"])
async def test_somebody_elses_view_is_not_there_to_be_changed(verb):
    view = await saves(await colleague("alliance_marketer"), shared="pinned")
    other = await colleague("alliance_admin")
    facts = {"name": "mine", "shared": "private"} if verb == "change" else {}

    with pytest.raises(NotThere):
        async with transaction():
            await getattr(views, verb)(other, view, at=NOON, **facts)


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "two\nlines\u0000"])
async def test_a_view_needs_a_name_that_can_be_read(name):
    mine = await colleague("alliance_marketer")

    with pytest.raises(Invalid):
        await saves(mine, name=name)


async def test_keeping_a_view_is_noted_without_its_name():
    view = await saves(await colleague("alliance_marketer"), name="王建国")

    noted = await value(
        "select details::text from history_entry where action = 'view_saved' and subject = $1", str(view)
    )
    assert "王建国" not in noted
