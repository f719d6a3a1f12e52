"""Every address of the house, called by every role, by both kinds of keys and by strangers: who is let in is what the table says.

What belongs to another brand, another dealer or another colleague is answered byte for byte like what does not exist.
"""

import re
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest

from app import create_app
from crm import access
from crm.database import transaction
from crm.roles import MAY, PERMISSIONS, ROLES
from tests.cast import browser
from tests.whole import two_brands
from tests.whole.matrix import ASKED, GUARDS, OF_A_BRAND, OF_SOMEBODY, SAID, filled, kinds
from tests.whole.matrix import PERMITTED as STAFF
from tests.whole.two_brands import MISSING, NOBODY, be

APP = create_app()
MACHINES = {route: asks for route, asks in ASKED.items() if route[1].startswith("/api/")}
# What a path calls its ids where it does not use the table's word for them.
CALLED = {
    ("/staff", "number"): "staff", ("/keys", "number"): "key", ("/notifications", "number"): "notification",
    ("/policies", "code"): "brand", ("/stores", "code"): "store", ("/dealers", "code"): "dealer",
    ("/people", "note"): "person_note", ("/leads", "note"): "lead_note", ("/review", "task"): "review",
    ("/people", "observation"): "correction", ("/simulations", "asked"): "simulation", ("/queues", "task"): "alliance_task",
    ("/e", "code"): "event", ("/events", "code"): "event", ("/campaigns", "code"): "campaign", ("/api", "code"): "event",
}  # fmt: skip
PLAIN = {
    "lead_id": "lead",
    "person_id": "person",
    "offer_id": "offer",
    "import_id": "import",
    "external_id": "booked_as",
    "served": "file",
    "path": "file",
}
NUMBERS = ("staff", "key", "notification", "view", "draft", "version", "slot", "audience", "template")
# Whose end is these routes' work: each gets a browser of its own.
ENDS = ("/sign-out", "/account/sessions/ending", "/account/sessions/{session}/ending", "/account/password")


def routes():
    """Method and address, in the table's words, of every handler of ours."""
    for route in APP.routes:
        for method, (handler, _) in getattr(route, "route_handler_map", {}).items():
            if method != "OPTIONS":
                yield (method, in_our_words(route.path)), handler


def in_our_words(path):
    room = "/" + path.split("/")[1]

    def word(found):
        name = found[1]
        if room == "/policies" and name == "number":
            return "{version}" if "/versions/" in path else "{draft}"
        return "{" + CALLED.get((room, name), PLAIN.get(name, name)) + "}"

    return re.sub(r"\{(\w+):\w+\}", word, path)


def missing(name):
    return MISSING if name in NUMBERS else "NOWHERE" if name in ("store", "dealer", "brand", "campaign") else NOBODY


@pytest.fixture
async def world(clean_tables, tmp_path):
    return await two_brands.open_house(tmp_path)


def test_every_route_stands_in_the_table_with_what_its_guard_asks_for():
    found = dict(routes())

    assert not (found.keys() ^ ASKED.keys()), sorted(found.keys() ^ ASKED.keys())
    for route, handler in found.items():
        asks = ASKED[route]
        assert access.permission_of(handler) in STAFF.get(route, {None}), route
        guards = {getattr(guard, "__name__", "") for guard in handler.resolve_guards()}
        assert route in STAFF or asks.startswith("key:") or asks in guards, route
    assert set(ASKED.values()) <= {
        *PERMISSIONS,
        *GUARDS,
        "home+figures",
        "home+leads.see",
        "key:leads",
        "key:consents",
        "key:inbox",
        "key:events",
    }


async def test_a_stranger_is_sent_to_the_door_and_a_stranger_with_a_script_too(world):
    for method, address in STAFF:
        path = filled(address, world.ours | {"session": NOBODY})
        by_page, by_script = [
            await browser(**headers).request(method, path) for headers in ({}, {"hx-request": "true"})
        ]
        assert (by_page.status_code, by_page.headers["location"][:8]) == (303, "/sign-in"), (method, address)
        assert (by_script.status_code, by_script.headers["hx-redirect"][:8]) == (401, "/sign-in"), (method, address)


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_opens_what_the_table_gives_it_and_nothing_else(world, role):
    client = await be(world, role)

    wrong = []
    # Reading first: what is written afterwards may end what was there to read.
    for (method, address), asks in sorted(STAFF.items(), key=lambda one: (one[0][0], one[0][1] in ENDS)):
        here = await be(world, role) if address in ENDS else client
        answer = await call(here, method, address, world.ours)
        if not asks <= MAY[role]:
            fits = answer.status_code == 403
        elif method == "GET":
            fits = answer.status_code < 400
        else:
            fits = answer.status_code < 500 and answer.status_code not in (401, 403, 404)
        if not fits:
            wrong.append((method, address, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("role", ["brand_marketer", "regional_manager", "event_desk", "store"])
async def test_what_is_anothers_is_answered_byte_for_byte_like_what_is_not_there(world, role):
    client = await be(world, role)

    told_apart = []
    for method, address, name in anothers(role):
        both = [world.ours | {name: one} for one in (world.theirs[name], missing(name))]
        answers = [await call(client, method, address, ids) for ids in both]
        bodies = [in_short(answer) for answer in answers]
        if {answer.status_code for answer in answers} != {404} or bodies[0] != bodies[1]:
            told_apart.append((method, address, name, [answer.status_code for answer in answers]))
    assert not told_apart, "\n".join(map(str, told_apart))


@pytest.mark.parametrize("role", ROLES)
async def test_a_colleagues_own_things_are_not_there_for_anybody_else(world, role):
    client = await be(world, role)

    for (method, address), asks in STAFF.items():
        for name in kinds(address) & OF_SOMEBODY if asks <= MAY[role] else ():
            both = [{name: one} for one in (world.theirs[name], missing(name))]
            answers = [await call(client, method, address, ids) for ids in both]
            assert {answer.status_code for answer in answers} == {404}, (method, address)
            assert in_short(answers[0]) == in_short(answers[1]), (method, address)


@pytest.mark.parametrize("key", ["source", "dealer", None, "wrong"])
async def test_a_key_opens_what_its_kind_may_and_a_stranger_nothing(world, key):
    client = await machine(key)

    for (method, address), asks in MACHINES.items():
        answer = await client.request(method, filled(address, world.ours), json={} if method == "POST" else None)
        if key not in access.SCOPES:
            assert answer.status_code == 401, (method, address)
            assert answer.headers["www-authenticate"] == "Bearer"
        elif asks == "any_key" or asks.removeprefix("key:") in access.SCOPES[key]:
            assert answer.status_code not in (401, 403), (method, address)
            assert answer.status_code < 500, (method, address)
        else:
            assert answer.status_code == 403, (method, address)


@pytest.mark.parametrize("key", ["source", "dealer"])
async def test_a_key_tells_what_is_anothers_from_nothing_on_no_route(world, key):
    client = await machine(key)

    for (method, address), asks in MACHINES.items():
        for name in kinds(address) if asks.removeprefix("key:") in access.SCOPES[key] else ():
            ids, body = (world.theirs[name], missing(name)), json_of(method, address)
            answers = [
                await client.request(method, filled(address, world.ours | {name: one}), json=body) for one in ids
            ]
            assert {answer.status_code for answer in answers} == {404}, (method, address)
            assert in_short(answers[0]) == in_short(answers[1]), (method, address)


async def test_a_session_is_no_key_and_a_key_is_no_session(world):
    client, dealer = await be(world, "alliance_admin"), await machine("dealer")

    for method, address in MACHINES:
        assert (await client.request(method, filled(address, world.ours))).status_code == 401, (method, address)
    for method, address in STAFF:
        path = filled(address, world.ours | {"session": NOBODY, "notification": MISSING, "view": MISSING})
        assert (await dealer.request(method, path)).status_code in (303, 401), (method, address)


def anothers(role):
    """Every route of the role with the name of each id in it that may be another's."""
    for (method, address), asks in STAFF.items():
        if asks <= MAY[role]:
            yield from ((method, address, name) for name in sorted(kinds(address) & OF_A_BRAND))


async def call(client, method, address, ids):
    """The address with these ids, and what it must be told at least."""
    said = {name: filled(one, ids) for name, one in SAID.get((method, address), {}).items()}
    where = {"params": said} if method == "GET" else {"data": said}
    return await client.request(method, filled(address, ids), **where)


def in_short(answer):
    """All that was answered, but for its own address, which the page itself repeats, and for what is left of the key's limit."""
    passing = ("date", "content-length", "ratelimit")
    headers = sorted((name, told) for name, told in answer.headers.items() if name not in passing)
    path = answer.request.url.path
    return repr((answer.text, headers)).replace(quote(path, safe=""), "HERE").replace(path, "HERE")


def json_of(method, address):
    if method == "GET":
        return None
    return {
        "registrations": {"external_id": "R-1", "person": {"phone": "13912340001"}},
        "bookings": {"external_id": "B-1", "person": {"phone": "13912340002"}},
        "cancellation": {},
        "acceptance": {},
        "refusal": {"reason": "other"},
        "dispositions": {"kind": "contacted", "at": datetime.now(UTC).isoformat()},
        "consents": {
            "purpose": "share_with_dealer", "given": True, "brands": ["aito"],
            "notice": {"id": "desk", "version": "1", "language": "zh"},
        },
    }[address.rpartition("/")[2]]  # fmt: skip


async def machine(kind):
    """A program with a key of the web form or of dealer D1, with a wrong one or with none."""
    token = "wrong"
    if kind in access.SCOPES:
        async with transaction():
            token = await access.create_key(kind, {"source": "web", "dealer": "D1"}[kind], at=datetime.now(UTC))
    headers = {"authorization": f"Bearer {token}"} if kind else {}
    return httpx.AsyncClient(transport=browser()._transport, base_url="https://marquee.test", headers=headers)
