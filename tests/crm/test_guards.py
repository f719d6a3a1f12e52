"""The guard of staff routes: who is let in, and which writes are believed."""

from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, Response, get, post
from litestar.di import NamedDependency, Provide

from crm import access, origin
from crm.errors import Refused
from crm.roles import MAY, ROLES, Actor
from crm.staff import sessions
from tests.cast import browser, colleague, open_chengdu, signed_in


@get("/leads", guards=[access.permits("leads.see")])
async def leads(actor: NamedDependency[Actor]) -> str:
    return actor.role


@post("/notes", guards=[access.permits("leads.work")])
async def note(request: Request[Any, Any, Any], actor: NamedDependency[Actor]) -> str:
    return str(dict(await request.form()).get("text"))


@post("/sign-in", guards=[access.own_pages])
async def sign_in() -> str:
    return "tried"


def refused(_request, refusal):
    return Response(type(refusal).__name__, status_code=refusal.status)


APP: Any = Litestar(
    [leads, note, sign_in],
    dependencies={"actor": Provide(access.provide_actor, sync_to_thread=False)},
    exception_handlers={Refused: refused},
    logging_config=None,
)


def on_our_page(browser, **headers):
    """The same browser on the routes of this test."""
    said = {name: told for name, told in {**browser.headers, **headers}.items() if told}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(APP), base_url=browser.base_url, headers=said, cookies=browser.cookies
    )


async def test_a_stranger_is_asked_to_sign_in():
    answer = await on_our_page(browser()).get("/leads")

    assert (answer.status_code, answer.text) == (401, "NotSignedIn")


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_opens_what_it_may_and_nothing_else(role, tmp_path):
    await open_chengdu(tmp_path)

    answer = await on_our_page(await signed_in(role)).get("/leads")

    assert answer.text == (role if "leads.see" in MAY[role] else "NotPermitted")


@pytest.mark.parametrize("files", [None, {"photo": b"..."}])
async def test_a_form_with_its_token_is_believed(files):
    client = await signed_in("alliance_marketer")
    ours = on_our_page(client, **{"x-csrf-token": ""})

    answer = await ours.post("/notes", data={"text": "hello", "_csrf": client.headers["x-csrf-token"]}, files=files)

    assert answer.text == "hello"


@pytest.mark.parametrize(
    "headers",
    [
        {"x-csrf-token": ""},
        {"x-csrf-token": "0" * 64},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": ""},
        {"sec-fetch-site": "", "origin": "https://evil.test"},
        {"sec-fetch-site": "", "origin": "null"},
        {"sec-fetch-site": "", "origin": "https://marquee.test.evil.test"},
    ],
)
async def test_a_write_that_no_page_of_ours_sent_is_refused(headers):
    ours = on_our_page(await signed_in("alliance_marketer"), **headers)

    assert (await ours.post("/notes", data={"text": "hello"})).text == "NotSentByUs"


async def test_a_browser_that_names_only_its_origin_is_believed():
    ours = on_our_page(await signed_in("alliance_marketer"), **{"sec-fetch-site": "", "origin": "https://marquee.test"})

    assert (await ours.post("/notes", data={"text": "hello"})).text == "hello"


async def test_the_token_of_a_colleague_does_not_help():
    other = await colleague("alliance_marketer")
    ours = on_our_page(await signed_in("alliance_marketer"), **{"x-csrf-token": sessions.csrf_token(other.session)})

    assert (await ours.post("/notes", data={"text": "hello"})).text == "NotSentByUs"


async def test_signing_in_is_for_our_own_pages_alone():
    assert (await on_our_page(browser()).post("/sign-in")).text == "tried"
    assert (await on_our_page(browser(), **{"sec-fetch-site": "cross-site"}).post("/sign-in")).text == "NotSentByUs"


async def test_a_session_of_https_does_not_travel_in_the_open():
    client = await signed_in("alliance_marketer")
    token = client.cookies[origin.SECURE_COOKIE]
    for base in ("http://marquee.test", "http://127.0.0.1"):
        plain = httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url=base)
        plain.headers["cookie"] = f"{origin.SECURE_COOKIE}={token}"
        assert (await plain.get("/leads")).status_code == 401


async def test_a_loopback_browser_has_its_own_plain_cookie():
    token = (await signed_in("alliance_marketer")).cookies[origin.SECURE_COOKIE]
    for base, status in (("http://localhost:8000", 200), ("http://[::1]:8000", 200), ("http://10.0.0.7", 401)):
        plain = httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url=base)
        plain.headers["cookie"] = f"{origin.LOOPBACK_COOKIE}={token}"
        assert (await plain.get("/leads")).status_code == status


def test_a_route_knows_its_permission():
    assert [access.permission_of(each) for each in (leads, note, sign_in)] == ["leads.see", "leads.work", None]
