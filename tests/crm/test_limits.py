"""A key asks as often as its limit says, from where its terms say, and every answer tells what is left."""

import asyncio
import contextvars
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import Litestar, get

from crm import access, limits, origin
from crm.access import NotFromHere, Terms
from crm.api import allowances, problems
from crm.database import transaction
from crm.errors import Invalid, NotThere
from crm.limits import Allowance, Limit, TooManyRequests
from crm.settings import settings
from tests.cast import NOON, fetch, open_chengdu, value

# NOON begins a minute, so windows that divide it begin there too.
TEN = Limit(10, 60)


@get("/kept", guards=[access.needs("leads")])
async def kept() -> str:
    return "kept"


@get("/missing", guards=[access.needs("leads")])
async def missing() -> None:
    raise NotThere


@get("/dealers", guards=[access.needs("inbox")])
async def dealers() -> None: ...


@get("/open", guards=[access.anyone])
async def open_to_all() -> str:
    return "open"


def client(key=None):
    app: Any = Litestar(
        [kept, missing, dealers, open_to_all],
        exception_handlers={Exception: problems.answer},
        before_send=[allowances.tell],
        logging_config=None,
    )
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://marquee.test", headers=headers)


async def a_key(limit=TEN, *, kind="source", code="desk", allowed_from=()):
    async with transaction():
        return await access.create_key(kind, code, at=NOON, terms=Terms(allowed_from=allowed_from, limit=limit))


async def ask(key, *, at=NOON, address=None):
    """What is left after one more request."""
    admitted = await access.authenticate(key, at=at, address=address)
    return admitted.allowance.left if admitted.allowance else "uncounted"


async def test_of_twice_as_many_at_once_exactly_as_many_pass_as_the_limit_says():
    key = await a_key()

    left = await asyncio.gather(*(ask(key) for _ in range(20)))

    assert sorted(left, key=str) == [*range(10), *[None] * 10]
    assert await value("select requests from key_use") == 10


async def test_the_next_window_begins_anew():
    key = await a_key(Limit(1, 60))

    seconds = (0, 59, 60, 61, 119.999, 120)
    left = [await ask(key, at=NOON + timedelta(seconds=one)) for one in seconds]

    assert left == [0, None, 0, None, None, 0]


async def test_each_key_counts_for_itself(tmp_path):
    await open_chengdu(tmp_path)
    mine, second, dealers_own = await a_key(), await a_key(), await a_key(kind="dealer", code="D1")

    assert [await ask(key) for key in (mine, mine, second, dealers_own)] == [9, 8, 9, 9]


async def test_without_a_limit_of_its_own_a_key_has_that_of_its_kind(tmp_path):
    await open_chengdu(tmp_path)

    for kind, code in (("source", "desk"), ("dealer", "D1")):
        admitted = await access.authenticate(await a_key(None, kind=kind, code=code), at=NOON)
        usual = limits.USUAL[kind]
        assert admitted.allowance == Allowance(usual, usual.requests - 1, NOON + timedelta(seconds=usual.seconds))


async def test_another_limit_holds_from_the_next_request_on():
    key = await a_key()
    assert [await ask(key) for _ in range(3)] == [9, 8, 7]

    await fetch("update api_key set limit_requests = 3")
    assert await ask(key) is None

    await fetch("update api_key set limit_requests = 5")
    assert [await ask(key) for _ in range(3)] == [1, 0, None]


async def test_the_database_itself_counts_no_further_than_the_limit():
    await ask(await a_key())

    with pytest.raises(asyncpg.CheckViolationError):
        await fetch("update key_use set requests = 11")


async def test_counting_waits_for_nobody_who_works_on_the_key():
    key = await a_key()

    async with asyncio.timeout(10), transaction() as connection:
        await connection.execute("select from api_key for update")
        # A task with a context of its own, as every request has one: it is outside of the transaction.
        left = await asyncio.get_running_loop().create_task(ask(key), context=contextvars.Context())

    assert left == 9
    assert await value("select last_used_at from api_key") is None, "somebody else notes it a moment later"


async def test_counts_of_windows_that_are_over_are_forgotten():
    key = await a_key()
    for minute in range(3):
        await ask(key, at=NOON + timedelta(minutes=minute))

    async with transaction():
        assert await limits.forget(at=NOON + timedelta(minutes=2, seconds=1), limit=1) == 1
    async with transaction():
        assert await limits.forget(at=NOON + timedelta(minutes=2, seconds=1)) == 1

    assert await value("select began_at from key_use") == NOON + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("allowed", "address", "is_let_in"),
    [
        ("203.0.113.0/24", "203.0.113.77", True),
        ("203.0.113.0/24", "203.0.114.1", False),
        ("2001:db8:1::/48", "2001:db8:1:2::9", True),
        ("2001:db8:1::/48", "2001:db8:2::9", False),
        ("203.0.113.0/24", "::ffff:203.0.113.77", True),
        ("203.0.113.0/24", "2001:db8:1::9", False),
        ("fe80::/10", "fe80::1%eth0", True),
        ("::/0", "203.0.113.77", False),
        ("203.0.113.0/24", "a-socket", False),
        ("10.0.0.0/8 203.0.113.7/32", "203.0.113.7", True),
    ],
)
async def test_a_key_is_used_from_its_networks_alone(allowed, address, is_let_in):
    key = await a_key(allowed_from=tuple(allowed.split()))
    request: Any = SimpleNamespace(headers={}, client=SimpleNamespace(host=address))

    if is_let_in:
        assert await ask(key, address=origin.caller(request)) == 9
    else:
        with pytest.raises(NotFromHere):
            await ask(key, address=origin.caller(request))
        assert await value("select count(*) from key_use") == 0, "a thief must not use up the limit"
        assert await value("select last_used_at from api_key") is None


async def test_every_answer_to_a_key_tells_its_limit_and_others_do_not():
    async with client(await a_key(Limit(3, 3600))) as desk, client() as nobody:
        answers = [await desk.get(path) for path in ("/kept", "/missing", "/dealers", "/kept", "/open")]
        assert [answer.status_code for answer in answers] == [200, 404, 403, 429, 200]
        told = [answer.headers.get("ratelimit", "").rpartition(";t=")[0] for answer in answers]
        assert told == ['"key";r=2', '"key";r=1', '"key";r=0', '"key";r=0', ""]
        assert [answer.headers.get("ratelimit-policy") for answer in answers] == ['"key";q=3;w=3600'] * 4 + [None]
        assert "ratelimit" not in (await nobody.get("/kept")).headers


async def test_too_many_is_a_problem_that_says_when_to_come_again():
    async with client(await a_key(Limit(1, 3600))) as desk:
        _, refused = [await desk.get("/kept") for _ in range(2)]

    wait = int(refused.headers["retry-after"])
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    assert 1 <= wait <= 3600
    assert refused.headers["ratelimit"] == f'"key";r=0;t={wait}'
    assert f"1 requests in 3600 s, and has. Please send this one again in {wait} s." in refused.json()["detail"]


async def test_what_is_left_is_never_told_of_a_window_long_over():
    long_ago = Allowance(TEN, 4, NOON)

    assert limits.told(long_ago, at=NOON + timedelta(seconds=25))["RateLimit"] == '"key";r=4;t=0'
    with pytest.raises(TooManyRequests, match="again in 1 s"):
        limits.refuse_too_many(Allowance(TEN, None, NOON), at=NOON)


async def test_counting_is_off_only_when_the_operator_said_so(monkeypatch):
    key = await a_key(Limit(1, 60))
    monkeypatch.setenv("MARQUEE_RATE_LIMITS", "off")
    settings.cache_clear()
    try:
        assert [await ask(key) for _ in range(3)] == ["uncounted"] * 3
        async with client(key) as desk:
            assert "ratelimit" not in (await desk.get("/kept")).headers
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert [await ask(key, at=datetime(2025, 9, 1, tzinfo=UTC)) for _ in range(2)] == [0, None]


@pytest.mark.parametrize(
    "typed", ["600", "600/", "/10", "x/10", "600/10/2", "0/10", "600/0", "600/3601", "-1/10", "٦/1"]
)
def test_a_limit_that_cannot_be_is_refused(typed):
    with pytest.raises(Invalid):
        limits.read(typed)


def test_a_limit_is_written_as_it_is_read():
    assert str(limits.read("600/10")) == "600/10"
