"""Keys let in whom they were made for, and nobody else; a route that says nothing about its callers does not start."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar, Response, get
from litestar.di import NamedDependency, Provide

from crm import access
from crm.access import Principal
from crm.database import current, transaction
from crm.errors import Invalid, NotAllowed, NotKnown, Refused, SignInNeeded
from tests.cast import NOON, dealer, fetch, open_chengdu, value


async def create_key(kind="source", code="desk", *, at=NOON):
    async with transaction():
        return await access.create_key(kind, code, at=at)


async def authenticate(key, *, at=NOON):
    async with transaction():
        return (await access.authenticate(key, at=at)).principal


async def change_key(what):
    async with transaction():
        await current().execute(f"update api_key set {what}")


@get("/leads", guards=[access.needs("leads")])
async def leads(principal: NamedDependency[Principal]) -> str:
    return principal.actor


@get("/any", guards=[access.any_key])
async def anybody_known(principal: NamedDependency[Principal]) -> str:
    return principal.code


@get("/open", guards=[access.anyone])
async def open_to_all() -> str:
    return "open"


def refused(_request, refusal):
    return Response(type(refusal).__name__, status_code=refusal.status)


def client(key=None):
    app: Any = Litestar(
        [leads, anybody_known, open_to_all],
        dependencies={"principal": Provide(access.provide_principal, sync_to_thread=False)},
        exception_handlers={Refused: refused},
        logging_config=None,
    )
    headers = {"Authorization": key} if key else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://marquee.test", headers=headers)


async def test_a_key_lets_its_source_in_with_the_scopes_of_its_work():
    key = await create_key()

    principal = await authenticate(key)

    assert (principal.kind, principal.code, principal.actor) == ("source", "desk", "source:desk")
    assert principal.scopes == {"leads", "consents", "events"}


async def test_a_key_is_kept_only_as_a_hash_and_a_beginning():
    key = await create_key()

    [row] = await fetch("select * from api_key")
    assert key not in str(dict(row))
    assert key.startswith(row["prefix"])
    assert len(row["prefix"]) < len(key) / 2


async def test_two_keys_of_a_source_are_valid_side_by_side():
    keys = [await create_key(), await create_key()]

    assert len({(await authenticate(key)).id for key in keys}) == 1
    assert await value("select count(*) from source") == 1


async def test_a_dealer_gets_in_to_its_inbox_and_nowhere_else(tmp_path):
    await open_chengdu(tmp_path)

    principal = await authenticate(await create_key("dealer", "D1"))

    assert principal == await dealer("D1")
    assert principal.scopes == {"inbox"}


async def test_there_is_no_key_for_a_dealer_that_does_not_exist():
    with pytest.raises(NotKnown, match="no dealer D404"):
        await create_key("dealer", "D404")


@pytest.mark.parametrize("code", ["", "x" * 41, "a b", "source:desk", "面\n"])
async def test_a_source_has_a_code_that_can_be_written_in_a_line(code):
    with pytest.raises(Invalid):
        await create_key("source", code)


@pytest.mark.parametrize(
    "made_unusable", ["revoked_at = now()", "expires_at = '2025-08-29T04:00Z'", "hash = sha256('another')"]
)
async def test_a_revoked_an_expired_and_a_wrong_key_are_refused_alike(made_unusable):
    key = await create_key()
    await change_key(made_unusable)

    with pytest.raises(SignInNeeded) as refusal:
        await authenticate(key)
    assert str(refusal.value) == SignInNeeded.sentence


async def test_a_key_is_valid_until_the_moment_it_expires():
    key = await create_key()
    await change_key("expires_at = '2025-08-29T04:00:01Z'")

    assert await authenticate(key, at=NOON)
    with pytest.raises(SignInNeeded):
        await authenticate(key, at=NOON + timedelta(seconds=1))


async def test_when_a_key_was_last_used_is_noted_once_a_minute():
    key = await create_key()

    seen = []
    for seconds in (0, 30, 90):
        await authenticate(key, at=NOON + timedelta(seconds=seconds))
        seen.append((await value("select last_used_at from api_key") - NOON).total_seconds())

    assert seen == [0, 0, 90]


async def test_a_guard_asks_for_its_scope(tmp_path):
    await open_chengdu(tmp_path)
    source, its_dealer = [
        await create_key(*one, at=datetime.now(UTC)) for one in (("source", "desk"), ("dealer", "D1"))
    ]

    async with client(f"Bearer {source}") as by_source, client(f"bearer  {its_dealer}") as by_dealer:
        assert (await by_source.get("/leads")).text == "source:desk"
        assert (await by_dealer.get("/leads")).status_code == NotAllowed.status
        assert [(await each.get("/any")).text for each in (by_source, by_dealer)] == ["desk", "D1"]


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer ", "Bearer wrong", "Basic dXNlcjpwdw==", "Bearer \x7f\xff"])
async def test_without_a_live_key_only_what_is_open_answers(header):
    async with client(header.encode("latin-1") if header else None) as stranger:
        assert (await stranger.get("/leads")).status_code == SignInNeeded.status
        assert (await stranger.get("/any")).status_code == SignInNeeded.status
        assert (await stranger.get("/open")).text == "open"


def test_a_route_without_a_guard_refuses_to_start():
    @get("/forgotten", sync_to_thread=False)
    def forgotten() -> None: ...

    @get("/guarded", guards=[access.anyone], sync_to_thread=False)
    def guarded() -> None: ...

    with pytest.raises(RuntimeError, match="/forgotten declares no permission"):
        access.refuse_undeclared_routes(Litestar([forgotten, guarded], openapi_config=None, logging_config=None))
    access.refuse_undeclared_routes(Litestar([guarded], openapi_config=None, logging_config=None))
