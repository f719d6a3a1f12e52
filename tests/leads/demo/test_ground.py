"""What may be emptied: never a registration that somebody else than the demo brought in."""

import pytest

from crm.database import transaction
from leads.demo import ground, showcase
from leads.demo.enquiries import DESK, WEB
from tests.cast import NOON, open_chengdu, registration, send

AT_THE_DEMO = {"source": {"kind": "event_desk", "campaign": showcase.SHANGHAI}}


async def begin():
    await ground.begin(campaign=showcase.SHANGHAI, at=NOON)


async def finish():
    await ground.finish(campaign=showcase.SHANGHAI, at=NOON, registrations=1)


async def may_be_emptied():
    async with transaction():
        try:
            await ground.refuse_what_is_not_the_demos()
        except ground.NotADemo:
            return False
    return True


async def test_a_real_lead_that_names_a_show_of_the_demo_is_no_interrupted_story():
    await send(registration(**AT_THE_DEMO))

    assert not await ground.is_interrupted()
    assert not await may_be_emptied()


async def test_a_story_is_interrupted_from_its_beginning_until_its_end():
    seen = [await ground.is_interrupted()]
    for told in (begin, finish):
        await told()
        seen.append(await ground.is_interrupted())

    assert seen == [False, True, False]
    assert await ground.is_finished()


async def test_what_the_demo_made_and_what_came_with_its_web_key_may_be_emptied():
    await begin()
    await send(registration(), by=DESK)
    await finish()
    await send(registration(external_id="TRY-1"), by=WEB)

    assert await may_be_emptied()


@pytest.mark.parametrize("source", ["desk", "web", "demo", "DEMO-desk"])
async def test_a_finished_demo_with_one_registration_of_another_source_is_not_emptied(source):
    await begin()
    await send(registration(), by=DESK)
    await finish()
    await send(registration(**AT_THE_DEMO), by=source)

    async with transaction():
        with pytest.raises(ground.NotADemo, match="MARQUEE_DATA="):
            await ground.refuse_what_is_not_the_demos()


async def test_an_interrupted_demo_with_a_registration_of_another_source_is_not_emptied():
    await begin()
    await send(registration())

    assert await ground.is_interrupted()
    assert not await may_be_emptied()


async def test_a_form_that_could_not_be_used_is_not_emptied_either():
    await begin()
    [outcome] = await send(registration(interests=[{"kind": "buy", "brand": "nobody"}]))

    assert outcome.fate == "error"
    assert not await may_be_emptied()


async def test_a_source_called_like_the_demos_does_not_make_a_demo():
    await send(registration(), by=WEB)

    assert not await may_be_emptied()
    with pytest.raises(ground.NotAnEmptyHouse, match="MARQUEE_DATA="):
        await begin()


async def test_somebodys_own_stores_are_not_emptied(tmp_path):
    await open_chengdu(tmp_path)

    assert not await may_be_emptied()


async def test_an_empty_house_may_be_emptied():
    assert await may_be_emptied()
