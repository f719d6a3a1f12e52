"""Whoever takes part in the demo gets new keys at each start; what visitors made for themselves goes on opening."""

from datetime import UTC, datetime

from crm import access, keys
from crm.database import transaction
from crm.errors import SignInNeeded
from leads.demo import watch
from tests.cast import open_chengdu


async def opens(key):
    try:
        return bool(await access.authenticate(key, at=datetime.now(UTC)))
    except SignInNeeded:
        return False


async def test_a_demo_that_is_started_again_and_again_makes_room_for_its_keys(tmp_path):
    await open_chengdu(tmp_path)
    async with transaction():
        visitors = await keys.make("dealer", "D1", actor="staff:1", at=datetime.now(UTC))

    given = []
    for _ in range(4):
        async with transaction():
            given.append(await watch.make_keys(datetime.now(UTC)))

    assert [await opens(one.web) for one in given] == [False, False, False, True]
    assert [await opens(one.dealers["D1"]) for one in given] == [False, False, False, True]
    assert await opens(visitors)
