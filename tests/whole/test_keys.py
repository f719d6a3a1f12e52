"""Who meets what: every route of the machines, asked by every kind of caller."""

import json
from uuid import uuid4

import pytest

from app import create_app
from tests.whole.running import a_lead, a_phone, asked, commands, consents, keys, lines, offered

CALLERS = ("source", "other_source", "dealer", "other_dealer", "revoked", "nobody")
LEADS, OFFER = "/api/v1/leads", "/api/v1/inbox/offers/{offer_id:uuid}"
EVENTS, BOOKINGS = "/api/v1/events", "/api/v1/events/{code:str}/slots/{slot:int}/bookings"

# What each caller is answered on what is the source's and the dealer's own. A new route has to be told here.
SOURCES_OWN = (200, 404, 403, 403, 401, 401)
SOURCES = (201, 201, 403, 403, 401, 401)
DEALERS_OWN = (403, 403, 200, 404, 401, 401)
KEYS = (200, 200, 200, 200, 401, 401)
EXPECTED = {
    ("POST", LEADS): SOURCES,
    ("POST", f"{LEADS}/batch"): (200, 200, 403, 403, 401, 401),
    ("GET", f"{LEADS}/{{lead_id:uuid}}"): SOURCES_OWN,
    ("POST", "/api/v1/people/{person_id:str}/consents"): (201, 404, 403, 403, 401, 401),
    ("GET", "/api/v1/inbox"): (403, 403, 200, 200, 401, 401),
    ("GET", OFFER): DEALERS_OWN,
    ("POST", f"{OFFER}/acceptance"): DEALERS_OWN,
    ("POST", f"{OFFER}/dispositions"): (403, 403, 201, 404, 401, 401),
    ("POST", f"{OFFER}/refusal"): (403, 403, 409, 404, 401, 401),
    ("GET", EVENTS): (200, 200, 403, 403, 401, 401),
    ("POST", f"{EVENTS}/{{code:str}}/registrations"): SOURCES,
    ("POST", BOOKINGS): SOURCES,
    ("GET", f"{BOOKINGS}/{{external_id:str}}"): SOURCES_OWN,
    ("POST", f"{BOOKINGS}/{{external_id:str}}/cancellation"): SOURCES_OWN,
    ("GET", "/api/v1/me"): KEYS,
    ("GET", "/api/v1/codes"): KEYS,
}


@pytest.fixture(scope="module")
def cast(show):
    """A client of each caller, and a lead of the source that was offered to the dealer."""
    revoked = keys(show.environment, dealers=["D1"])["D1"]
    asked(show.database, "update api_key set revoked_at = now() where prefix = $1", revoked[: len("mq_dealer_") + 4])
    with show.client("desk") as source, show.client("D1") as first, show.client("D2") as second:
        lead, dealer, offer = offered(source, a_lead(), first, second)
        clients = {
            "source": source,
            "other_source": show.client("web"),
            "dealer": dealer,
            "other_dealer": second if dealer is first else first,
            "revoked": show.house.client(revoked),
            "nobody": show.client(),
        }
        event = a_booking(show, source)
        yield clients, {"lead_id": lead["id"], "person_id": lead["person_id"], "offer_id": offer["id"], **event}


def a_booking(show, source):
    """An open event with a slot that the source booked for somebody."""
    when = ["--starts", "2037-05-01T10:00"]
    *_, slot = commands(
        show.environment,
        ["events", "add", "--code", "keys", "--name", "Keys", *when],
        ["events", "open", "keys"],
        ["events", "add-slot", "keys", *when, "--minutes", "40", "--places", "50", "--json"],
    )
    ids = {"code": "keys", "slot": str(json.loads(slot)["id"]), "external_id": "booked"}
    assert source.post(filled(BOOKINGS, ids), json=a_guest() | {"external_id": "booked"}).status_code == 201
    return ids


def a_guest():
    return {"external_id": uuid4().hex, "person": {"phone": a_phone()}}


def body_for(path):
    if path.endswith("/batch"):
        return [a_lead()]
    return {
        LEADS: a_lead(),
        f"{EVENTS}/{{code:str}}/registrations": a_guest(),
        BOOKINGS: a_guest(),
        "/api/v1/people/{person_id:str}/consents": consents("aito"),
        f"{OFFER}/dispositions": {"kind": "contacted", "at": a_lead()["captured_at"]},
        f"{OFFER}/refusal": {"reason": "no_staff"},
    }.get(path)


def filled(path, ids):
    for name, known in ids.items():
        for kind in ("uuid", "str", "int"):
            path = path.replace(f"{{{name}:{kind}}}", known)
    return path


def routes():
    handlers = [(route.path, one) for route in create_app().routes for one in getattr(route, "route_handlers", [])]
    return {(method, path) for path, one in handlers for method in one.http_methods - {"OPTIONS", "HEAD"}}


def test_every_door_for_machines_is_told_here():
    # Pages are in test_matrix.py, for every role.
    assert {(method, path) for method, path in routes() if path.startswith("/api/")} == EXPECTED.keys()


def test_every_caller_is_answered_on_every_route_as_it_should_be(cast):
    clients, ids = cast
    found = {
        (method, path): tuple(
            clients[caller].request(method, filled(path, ids), json=body_for(path)).status_code for caller in CALLERS
        )
        for method, path in EXPECTED
    }

    assert found == EXPECTED


@pytest.mark.parametrize(("method", "path"), [route for route, answers in EXPECTED.items() if 404 in answers])
def test_what_is_somebody_elses_is_answered_like_what_is_not_there(cast, method, path):
    clients, ids = cast
    stranger = clients[CALLERS[EXPECTED[method, path].index(404)]]
    nowhere = ids | {"lead_id": str(uuid4()), "offer_id": str(uuid4()), "external_id": "nothing"}
    nowhere |= {"person_id": ids["person_id"][::-1]}

    foreign, missing = [
        stranger.request(
            method, filled(path, given), json=body_for(path), headers={"If-Match": '"1"'} if "offer" in path else {}
        )
        for given in (ids, nowhere)
    ]

    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.text.replace(foreign.request.url.path, "") == missing.text.replace(missing.request.url.path, "")
    assert _steady(foreign) == _steady(missing)


def test_the_feed_of_a_dealer_has_its_own_offers_alone(cast):
    clients, _ = cast
    mine, others = [{line["offer"]["id"] for line in lines(clients[one])} for one in ("dealer", "other_dealer")]

    assert mine
    assert mine.isdisjoint(others)
    assert all(
        clients["other_dealer"].get(f"/api/v1/inbox/offers/{offer}").status_code == 404 for offer in sorted(mine)[:20]
    )


def test_one_person_has_another_name_for_each_who_may_ask(cast):
    clients, _ = cast
    person = a_lead()["person"]

    names = {
        clients[who].post(LEADS, json=a_lead(person=person)).json()["person_id"] for who in ("source", "other_source")
    }

    assert len(names) == 2
    for who, name in (("source", "other_source"), ("other_source", "source")):
        told = clients[who].post(LEADS, json=a_lead(person=person)).json()["person_id"]
        answer = clients[name].post(f"/api/v1/people/{told}/consents", json=consents("aito"))
        assert answer.status_code == 404


def test_one_number_of_two_sources_is_two_leads(cast):
    clients, _ = cast
    body = a_lead()

    first, second = [clients[who].post(LEADS, json=body) for who in ("source", "other_source")]

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


def _steady(answer):
    return {
        name: value for name, value in answer.headers.items() if name not in {"date", "content-length", "ratelimit"}
    }
