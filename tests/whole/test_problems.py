"""Whatever is sent, the answer is one problem in the words of RFC 9457: never a trace, never a 500."""

import http.client
import json
from uuid import UUID, uuid4

import pytest

from tests.whole.running import a_lead, consents, offered

JSON = {"Content-Type": "application/json"}
SHAPE = {"type", "title", "status", "detail", "instance"}
LEADS, BATCH = "/api/v1/leads", "/api/v1/leads/batch"
TREE = b"[" * 5000 + b"]" * 5000


@pytest.fixture(scope="module")
def desk(show):
    with show.client("desk") as client:
        yield client


@pytest.fixture(scope="module")
def accepted(show):
    """The path of an accepted offer and its dealer's client."""
    with show.client("desk") as desk, show.client("D1") as first, show.client("D2") as second:
        _, dealer, offer = offered(desk, a_lead(), first, second)
        path = f"/api/v1/inbox/offers/{offer['id']}"
        dealer.post(f"{path}/acceptance").raise_for_status()
        yield path, dealer


def problem(answer, status):
    """The problem that an answer is; fails when it is another or none."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert set(told) - {"errors"} == SHAPE
    assert (told["status"], told["instance"]) == (status, answer.request.url.path)
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text
    return told


def paths(answer):
    return [fault["path"] for fault in problem(answer, 422)["errors"]]


def raw(body):
    """A lead as bytes with `body` put where its name is."""
    return json.dumps(a_lead(person={"phone": "13812340000", "name": "HERE"})).encode().replace(b"HERE", body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"a": NaN}',
        b"\xff\xfe\x00",
        raw(b"\xff\xfe"),
        raw(b"\xed\xa0\x80"),
        raw(b"\\ud800"),
        TREE,
    ],
    ids=range(9),
)
@pytest.mark.parametrize("door", [LEADS, BATCH, "/api/v1/people/nobody/consents"])
def test_a_body_that_is_not_json_is_told_so(desk, door, body):
    answer = desk.post(door, content=body, headers=JSON)

    # One whose first fault is a field that we do not know need not be read to its end.
    problem(answer, answer.status_code)
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize(
    ("path", "facts"),
    [
        ("captured_at", {"captured_at": "9999-12-31T23:59:59Z"}),
        ("captured_at", {"captured_at": "1999-12-31T23:59:59Z"}),
        ("contact_preference.not_before", {"contact_preference": {"not_before": "2026-12-24T18:00:00"}}),
        ("external_id", {"external_id": 7}),
        ("external_id", {"external_id": "a\0b"}),
        ("external_id", {"external_id": "x" * 121}),
        ("captured_at", {"captured_at": "yesterday"}),
        ("captured_at", {"captured_at": "2026-01-01T00:00:00"}),
        ("captured_at", {"captured_at": "0001-01-01T00:00:00+14:00"}),
        ("source.kind", {"source": {"kind": "telepathy"}}),
        ("source.campaign", {"source": {"kind": "event_desk", "campaign": "\0"}}),
        ("person", {"person": []}),
        ("person.wechat.account", {"person": {"wechat": {"account": "\0", "unionid": "o1"}}}),
        ("interests[0].rank", {"interests": [{"kind": "buy", "rank": 10**30}]}),
        ("interests[0].kind", {"interests": [{"kind": "buy?"}]}),
        ("interests[0].brand", {"interests": [{"kind": "buy", "brand": "aitoo"}]}),
        ("interests", {"interests": [{"kind": "buy"}] * 21}),
        ("place.latitude", {"place": {"latitude": 91, "longitude": 0}}),
        ("place.region_code", {"place": {"region_code": "99"}}),
        ("trade_in.year", {"trade_in": {"year": 10**40}}),
        ("contact_preference.not_before", {"contact_preference": {"not_before": "9999-12-31T23:59:59-14:00"}}),
        ("consents[0].given", {"consents": [consents("aito") | {"given": "maybe"}]}),
        (
            "consents[0].notice",
            {"consents": [consents("aito") | {"notice": {"id": "x", "version": "1", "language": "zh"}}]},
        ),
        ("remark", {"remark": "x" * 2001}),
        ("remark", {"remark": {"deep": [[[[[[1]]]]]]}}),
        ("", {"remark_": "misspelt"}),
    ],
)
def test_what_cannot_be_used_is_named_by_its_path(desk, path, facts):
    assert path in paths(desk.post(LEADS, json=a_lead(**facts)))


@pytest.mark.parametrize(
    "facts",
    [
        {"person": {"name": "a\0b", "phone": "13900001111", "email": "\0"}},
        {"remark": "\0 \u202e \x1b[31m 😀", "contact_preference": {"note": "\0"}},
        {"place": {"address": "\0", "latitude": 1e-308, "longitude": -0.0}},
        {"place": {"latitude": 90, "longitude": 180}},
        {"trade_in": {"make": "\0", "vin": "\0"}},
        {"captured_at": "2000-01-01T00:00:00Z"},
        {"captured_at": "2199-12-31T23:59:59-14:00"},
        {"contact_preference": {"not_before": "2000-01-01T00:00:00Z"}},
        {"person": {"wechat": {"account": "a", "unionid": "o\0"}, "phone": "13900002222"}},
        {"person": {"vin": "LSVAU2180N2183294"}},
        {"person": {"name": "😀" * 100, "phone": "１３９００００３３３３"}},
    ],
    ids=range(11),
)
def test_odd_text_and_numbers_are_taken_or_refused_never_a_bug(desk, facts):
    answer = desk.post(LEADS, json=a_lead(**facts))

    assert answer.status_code in {201, 422}, answer.text


def test_a_number_of_any_size_is_a_fault_not_a_bug(desk):
    for number in ("1e400", "-1e400", "1" + "0" * 4000):
        body = json.dumps(a_lead(place={"latitude": 0, "longitude": 0})).replace(
            '"latitude": 0', f'"latitude": {number}'
        )
        assert desk.post(LEADS, content=body, headers=JSON).status_code in {400, 422}


@pytest.mark.parametrize(
    "bad", [b'{"external_id": 1}', b"null", b"7", b'"x"', raw(b"\xff"), raw(b"\\ud800")], ids=range(6)
)
def test_one_bad_item_of_a_batch_fails_alone(desk, bad):
    body = b"[%s, %s, %s]" % (json.dumps(a_lead()).encode(), bad, json.dumps(a_lead()).encode())

    answer = desk.post(BATCH, content=body, headers=JSON)

    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [(one["index"], one["status"]) for one in results] == [(0, 201), (1, 422), (2, 201)]
    assert results[1]["errors"]


@pytest.mark.parametrize("items", [[], [{}] * 501])
def test_a_batch_has_one_to_five_hundred_items(desk, items):
    assert "500" in problem(desk.post(BATCH, json=items), 422)["errors"][0]["message"]


@pytest.mark.parametrize("body", [{}, {"items": []}, "x", 1])
def test_a_batch_is_an_array(desk, body):
    assert desk.post(BATCH, json=body).status_code in {400, 422}


def test_a_body_too_large_is_refused_before_it_is_read(desk):
    problem(desk.post(LEADS, content=b" " * 70_000, headers=JSON), 413)
    # Only announced: who goes on sending what nobody reads finds the line cut before the answer.
    line = http.client.HTTPConnection(desk.base_url.host, desk.base_url.port, timeout=10)
    line.putrequest("POST", BATCH)
    for name, said in {**desk.headers, **JSON, "content-length": "9000000"}.items():
        line.putheader(name, said)
    line.endheaders()
    answer = line.getresponse()
    assert (answer.status, json.loads(answer.read())["status"]) == (413, 413)
    line.close()


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "text/csv", "application/xml", "json", None]
)
def test_a_body_that_does_not_say_it_is_json_is_refused(desk, accepted, kind):
    path, dealer = accepted
    headers = {"Content-Type": kind} if kind else {}
    for client, door in (
        (desk, LEADS),
        (desk, BATCH),
        (desk, "/api/v1/people/nobody/consents"),
        (dealer, f"{path}/refusal"),
        (dealer, f"{path}/dispositions"),
    ):
        told = problem(client.post(door, content=b'{"a": 1}', headers=headers), 415)
        assert "application/json" in told["detail"]


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
)
def test_json_may_be_named_in_every_usual_way(desk, kind):
    body = json.dumps(a_lead()).encode()

    assert desk.post(LEADS, content=body, headers={"Content-Type": kind}).status_code == 201


def test_an_unknown_query_parameter_is_refused_everywhere(desk, accepted):
    path, dealer = accepted
    problem(desk.post(LEADS, params={"dry": "1"}, json=a_lead()), 400)
    problem(desk.get(f"{LEADS}/{uuid4()}", params={"x": "1"}), 400)
    for door in (path, "/api/v1/inbox", "/api/v1/me", "/api/v1/codes", "/health/live"):
        problem(dealer.get(door, params={"afer": "3"}), 400)


@pytest.mark.parametrize(
    "parameters",
    [
        {"after": -1},
        {"after": "x"},
        {"after": 10**30},
        {"limit": 0},
        {"limit": 201},
        {"limit": "\0"},
        {"store": ""},
        {"store": "x" * 41},
        {"store": "\0"},
    ],
)
def test_a_parameter_that_cannot_be_is_named(accepted, parameters):
    assert paths(accepted[1].get("/api/v1/inbox", params=parameters)) == list(parameters)


@pytest.mark.parametrize("store", ["S9", "😀", "%FF"])
def test_a_store_nobody_has_is_not_there(accepted, store):
    problem(accepted[1].get("/api/v1/inbox", params={"store": store}), 404)


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/api/v1/leads/not-a-uuid", f"/api/v1/leads/{UUID(int=7)}", "/nothing", "/api"]
)
def test_what_is_not_there_says_so(desk, path):
    problem(desk.get(path), 404)


@pytest.mark.parametrize("person", ["x", "%00", "%FF%FE", "a" * 43, "%F0%9F%98%80", "..%2F..", "=" * 43])
def test_a_reference_that_is_none_is_not_there(desk, person):
    answer = desk.post(f"/api/v1/people/{person}/consents", json=consents("aito"))

    assert answer.status_code == 404, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_method_that_a_path_has_not_is_refused_with_those_it_has(desk, accepted):
    for method, path in (("PUT", LEADS), ("GET", BATCH), ("DELETE", f"{LEADS}/{uuid4()}"), ("PATCH", "/api/v1/inbox")):
        answer = desk.request(method, path)
        problem(answer, 405)
        assert answer.headers["allow"]


@pytest.mark.parametrize(
    ("path", "facts"),
    [
        ("reference", {"reference": "a\0b"}),
        ("salesperson", {"salesperson": "\0"}),
        ("value_fen", {"value_fen": 10**30}),
        ("value_fen", {"value_fen": 1.5}),
        ("next_follow_up_at", {"next_follow_up_at": "9999-12-31T23:59:59-14:00"}),
        ("next_follow_up_at", {"next_follow_up_at": "0001-01-01T00:00:00+14:00"}),
        ("at", {"at": "0001-01-01T00:00:00+14:00"}),
        ("at", {"at": "9999-12-31T23:59:59-14:00"}),
        ("kind", {"kind": "\0"}),
        ("reason", {"kind": "lost", "reason": "\0"}),
    ],
)
def test_a_disposition_that_cannot_be_is_named_by_its_path(accepted, path, facts):
    offer, dealer = accepted
    body = {"kind": "contacted", "at": a_lead()["captured_at"]} | facts

    assert path in paths(dealer.post(f"{offer}/dispositions", json=body))


@pytest.mark.parametrize(
    "body", [b"{", b"", b"\xff", b'{"kind": "\\ud800"}', TREE, b'"x"', b"null", b"[]"], ids=range(8)
)
@pytest.mark.parametrize("door", ["refusal", "dispositions"])
def test_a_dealers_body_that_cannot_be_read_is_a_problem_too(accepted, door, body):
    offer, dealer = accepted

    answer = dealer.post(f"{offer}/{door}", content=body, headers=JSON)

    problem(answer, answer.status_code)
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize(
    "headers", [{"If-Match": "x"}, {"If-Match": "9" * 39}, {"Idempotency-Key": "k" * 121}, {"Idempotency-Key": ""}]
)
def test_a_header_that_cannot_be_is_refused(accepted, headers):
    offer, dealer = accepted

    answer = dealer.post(f"{offer}/acceptance", headers=headers)

    problem(answer, answer.status_code)
    assert answer.status_code in {400, 409, 412, 422}


@pytest.mark.parametrize(
    "said", [None, "", "Bearer", "Basic eDp5", "Bearer \xff", "Bearer nonsense", "bearer " + "x" * 5000]
)
def test_a_key_that_is_none_is_asked_for_again(show, said):
    headers = {"Authorization": said.encode("latin-1")} if said is not None else {}
    with show.client() as client:
        answer = client.get("/api/v1/me", headers=headers)

    problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_house_noted_no_bug_of_its_own(show):
    log = show.house.log.read_text()

    assert not [word for word in ("request_failed", "row_failed", "job_failed", "Traceback") if word in log]
