"""Two keys of whoever calls open at a time; the third waits until one of them is revoked or its time is over."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from crm import access, doctor, keys
from crm.access import Terms, TwoKeysLive
from crm.database import transaction
from crm.errors import NotThere, SignInNeeded
from tests.cast import DAY, MINUTE, NOON, fetch, open_chengdu, value


async def make(code="desk", *, kind="source", at=NOON, **terms):
    async with transaction():
        return await keys.make(kind, code, actor="tester", at=at, terms=Terms(**terms))


async def newest():
    return await value("select max(id) from api_key")


async def opens(key, *, at=NOON):
    async with transaction():
        try:
            return bool(await access.authenticate(key, at=at))
        except SignInNeeded:
            return False


async def test_a_key_is_changed_without_a_pause():
    first = await make()
    number = await newest()
    second = await make()

    with pytest.raises(TwoKeysLive, match=f"desk has two keys that open already .{first[:14]}, {second[:14]}."):
        await make()
    assert (await opens(first), await opens(second)) == (True, True)
    async with transaction():
        await keys.revoke(number, actor="tester", at=NOON)

    third = await make()
    assert [await opens(key) for key in (first, second, third)] == [False, True, True]


async def test_each_principal_has_two_of_its_own(tmp_path):
    await open_chengdu(tmp_path)

    made = [await make(code, kind=kind) for kind, code in [("source", "desk"), ("source", "D1"), ("dealer", "D1")] * 2]

    assert all([await opens(key) for key in made])


async def test_a_key_whose_time_is_over_leaves_its_place():
    first = await make(expires_at=NOON + DAY)
    second = await make()

    third = await make(at=NOON + DAY)

    assert [await opens(key, at=NOON + DAY) for key in (first, second, third)] == [False, True, True]
    oldest = await value("select min(id) from api_key")
    with pytest.raises(keys.KeyEnded):
        async with transaction():
            await keys.change(oldest, Terms(), actor="tester", at=NOON + DAY)


async def test_of_many_third_keys_at_once_none_is_made():
    await make()

    made = await asyncio.gather(*(make() for _ in range(6)), return_exceptions=True)

    assert sorted(type(one).__name__ for one in made) == ["TwoKeysLive"] * 5 + ["str"]
    assert await value("select count(*) from api_key") == 2


async def test_the_database_itself_holds_no_third_key():
    await make()
    await make()

    with pytest.raises(asyncpg.UniqueViolationError):
        await fetch(
            """
            insert into api_key (principal_kind, principal, hash, prefix, scopes, created_at, slot)
            select principal_kind, principal, sha256('third'), prefix, scopes, created_at, slot from api_key limit 1
            """
        )
    with pytest.raises(asyncpg.CheckViolationError):
        await fetch("update api_key set slot = 3")


async def test_what_one_made_is_ended_without_touching_what_others_made():
    mine, others = await make(), await make()
    await fetch("update api_key set created_by = 'somebody' where prefix = $1", others[:14])

    async with transaction():
        await keys.revoke_made_by("tester", at=NOON)

    assert (await opens(mine), await opens(others)) == (False, True)


async def test_a_number_that_no_key_has_is_refused():
    for verb in (keys.show(7), keys.revoke(7, actor="tester", at=NOON), keys.change(7, Terms(), actor="x", at=NOON)):
        with pytest.raises(NotThere):
            async with transaction():
                await verb


async def test_other_terms_that_are_the_same_leave_no_trace():
    await make(allowed_from=("10.0.0.0/8",))
    number = await newest()

    async with transaction():
        changed = await keys.change(number, Terms(allowed_from=("10.0.0.0/8",)), actor="tester", at=NOON)

    assert changed.allowed_from == ("10.0.0.0/8",)
    assert await value("select count(*) from history_entry where action = 'key_changed'") == 0


async def test_the_doctor_names_a_key_in_use_that_ends_soon_and_is_its_owners_last():
    soon = NOON + timedelta(days=10)
    for code in ("desk", "web", "idle"):
        await make(code, expires_at=soon)
    await make("web")
    await fetch("update api_key set last_used_at = $1", NOON)
    await fetch("update api_key set last_used_at = null where principal = (select id from source where code = 'idle')")

    async with transaction():
        found = {one.what: one for one in await doctor.examine(at=NOON + MINUTE)}["key ends"]

    assert (found.verdict, found.says) == (
        "warning",
        "Nothing will open any more for desk on 2025-09-08; make another key in time.",
    )
