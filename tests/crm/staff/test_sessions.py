"""A session is worth what its row says at this moment, and nothing afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Any

from crm.database import current, transaction
from crm.staff import sessions
from tests.cast import colleague, fetch, value

HOUR = timedelta(hours=1)


async def a_session(role="alliance_marketer", *, step="full", **limits):
    actor = await colleague(role, **limits)
    async with transaction():
        return actor, await sessions.start(actor.id, step=step, browser="Firefox", at=datetime.now(UTC))


async def found(token, *, after=timedelta(0)) -> Any:
    async with transaction():
        return await sessions.find(token, at=datetime.now(UTC) + after)


async def test_a_session_is_kept_only_as_a_hash():
    _, token = await a_session()

    assert token not in str([dict(row) for row in await fetch("select * from staff_session")])


async def test_whoever_may_reveal_is_asked_again_after_an_idle_hour():
    _, token = await a_session("brand_marketer")

    assert await found(token, after=0.9 * HOUR)
    assert not await found(token, after=2.1 * HOUR)


async def test_a_request_keeps_an_idle_clock_from_running():
    _, token = await a_session()

    assert await found(token, after=0.9 * HOUR)
    assert await found(token, after=1.8 * HOUR)


async def test_nobody_stays_signed_in_for_longer_than_a_working_day():
    _, token = await a_session("event_desk")

    assert await found(token, after=11.9 * HOUR)
    assert not await found(token, after=12.1 * HOUR)


async def test_a_session_before_its_second_factor_is_nobodys():
    _, token = await a_session(step="password")

    assert not await found(token)


async def test_a_disabled_colleague_is_nobody_at_once():
    actor, token = await a_session()
    async with transaction():
        await current().execute("update staff set disabled_at = now() where id = $1", actor.id)

    assert not await found(token)


async def test_a_renewed_session_makes_the_old_cookie_worthless_and_ends_no_later():
    actor, token = await a_session()
    ends = await value("select expires_at from staff_session where id = $1", (await found(token)).session)

    mine = await found(token)
    async with transaction():
        fresh = await sessions.rotate(mine, at=datetime.now(UTC))

    assert not await found(token)
    renewed = await found(fresh)
    assert renewed.id == actor.id
    assert await value("select expires_at from staff_session where id = $1", renewed.session) == ends


async def test_signing_out_everywhere_leaves_the_browser_in_hand():
    actor, token = await a_session()
    here = await found(token)

    async with transaction():
        assert await sessions.end_all(actor.id, why="asked", at=datetime.now(UTC), but=here.session) == 1
        [left] = await sessions.list_of(actor.id, at=datetime.now(UTC))
    assert left.id == here.session


async def test_nobody_ends_the_session_of_another():
    actor, token = await a_session()
    stranger = await colleague("auditor")

    async with transaction():
        assert not await sessions.end(actor.session, staff=stranger.id, why="asked", at=datetime.now(UTC))
    assert await found(token)


async def test_two_sessions_of_one_person_never_share_a_csrf_token():
    actor, token = await a_session()

    assert sessions.csrf_token(actor.session) != sessions.csrf_token((await found(token)).session)
