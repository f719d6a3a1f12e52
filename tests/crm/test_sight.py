"""Whose names may be read by whom."""

import pytest

from crm import consent, sight
from crm.database import transaction
from crm.roles import visible_to
from tests.cast import MINUTE, NOON, a_lead, colleague, open_chengdu, person_of, value


@pytest.fixture
async def wang(clean_tables, tmp_path):
    await open_chengdu(tmp_path)
    return await person_of(await a_lead())


async def answer(person, state, *, brand="aito", channel=None, at=NOON):
    brand_id = await value("select id from brand where code = $1", brand)
    async with transaction():
        said = [consent.Answer("share_with_brand", brand_id, state, channel=channel)]
        await consent.record(said, person=person, captured_at=at, at=at, actor="tester", evidence=b"-")


async def reads(person, role, *, looking_at=None, **limits):
    actor = await colleague(role, **limits)
    async with transaction():
        return person in await sight.names_in_clear([person], visible_to(actor, looking_at=looking_at))


@pytest.mark.parametrize("role", ["alliance_admin", "alliance_marketer", "auditor", "event_desk"])
async def test_who_works_for_everybody_reads_names(wang, role):
    assert await reads(wang, role)


@pytest.mark.parametrize("role", ["brand_marketer", "regional_manager", "analyst", "store"])
async def test_others_read_none_that_was_not_given_to_them(wang, role):
    assert not await reads(wang, role)


@pytest.mark.parametrize("role", ["brand_marketer", "regional_manager"])
async def test_a_brand_reads_whom_it_may_know_as_long_as_it_may(wang, role):
    await answer(wang, "given")
    assert await reads(wang, role)

    await answer(wang, "withdrawn", at=NOON + MINUTE)
    assert not await reads(wang, role)


async def test_a_yes_to_another_brand_is_no_yes(wang):
    await answer(wang, "given", brand="luxeed")

    assert not await reads(wang, "brand_marketer")
    assert await reads(wang, "brand_marketer", brand="luxeed")


async def test_a_later_no_to_one_channel_ends_the_sight(wang):
    await answer(wang, "given")
    await answer(wang, "withdrawn", channel="phone", at=NOON + MINUTE)

    assert not await reads(wang, "brand_marketer")


async def test_a_yes_to_one_channel_is_too_little(wang):
    await answer(wang, "given", channel="email")

    assert not await reads(wang, "brand_marketer")
