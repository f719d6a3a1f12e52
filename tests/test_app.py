"""The application as its callers meet it: doors that answer, failures of one shape, and nothing told that is internal."""

import functools
import json
import re
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar, get

import app
from crm import access, database
from crm.api import problems
from crm.database import transaction
from tests.cast import LI, a_lead, offers_of, open_chengdu, person_of, registration, says, stands, value, wants, work

PROBLEM = "application/problem+json"
URL = "http://marquee.test"


@functools.cache
def application():
    return app.create_app()


def client(key=None, *, of=None, **headers):
    transport = httpx.ASGITransport(app=of or application(), raise_app_exceptions=False)
    headers |= {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.AsyncClient(transport=transport, base_url=URL, headers=headers)


@pytest.fixture
async def desk(tmp_path):
    """The desk in Chengdu, by its key."""
    await open_chengdu(tmp_path)
    async with client(await key()) as caller:
        yield caller


async def key(kind="source", code="desk"):
    async with transaction():
        return await access.create_key(kind, code, at=datetime.now(UTC))


def said(**facts):
    return registration(captured_at=datetime.now(UTC).isoformat(), **facts)


# What was refused


async def test_a_lead_that_was_refused_alone_is_kept_sealed_with_the_reason(desk):
    answer = await desk.post("/api/v1/leads", json=said(person={"name": "王建国"}))

    assert answer.status_code == 422
    assert await value("select reason from raw_payload where submission is null") == "person"


async def test_what_a_person_told_others_is_not_told_to_a_source(desk):
    await desk.post("/api/v1/leads", json=said(consents=[says(True, "luxeed", purpose="share_with_brand")]))
    async with client(await key(code="web")) as web:
        created = (await web.post("/api/v1/leads", json=said(consents=[]))).json()

        answer = await web.post(f"/api/v1/people/{created['person_id']}/consents", json=says(True, "aito"))

    assert [(one["purpose"], one["brand"]) for one in answer.json()["consents"]] == [("share_with_dealer", "aito")]


# Health, and what it is


async def test_a_process_says_that_it_lives_and_that_it_is_ready():
    async with client() as caller:
        assert (await caller.get("/health/live")).json() == {"status": "live"}
        assert (await caller.get("/health/ready")).json() == {"status": "ready"}


async def test_what_can_be_asked_is_described_for_machines():
    async with client() as caller:
        described = (await caller.get("/schema/openapi.json")).json()

    assert described["info"]["title"] == "Marquee"
    assert {"/api/v1/leads", "/api/v1/leads/batch", "/api/v1/inbox", "/api/v1/people/{person_id}/consents"} <= set(
        described["paths"]
    )
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))
    assert named - described["components"]["schemas"].keys() == set()
    assert {"LeadBody", "ConsentSaid"} <= named


def test_every_route_says_who_may_call_it():
    access.refuse_undeclared_routes(application())


# Leads come in


async def test_a_new_lead_is_created_and_the_same_again_is_a_repeat(desk):
    body = said()

    created, again = [await desk.post("/api/v1/leads", json=body) for _ in range(2)]

    assert (created.status_code, again.status_code) == (201, 200)
    assert created.json() == again.json()
    assert ("idempotent-replayed" in created.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert created.json().keys() == {"id", "external_id", "stage", "hold", "person_id", "interests"}


async def test_a_lead_can_be_looked_at_by_its_source_alone(desk):
    created = (await desk.post("/api/v1/leads", json=said())).json()
    async with client(await key(code="app")) as other:
        foreign, missing = [await other.get(f"/api/v1/leads/{one}") for one in (created["id"], uuid4())]

    assert (await desk.get(f"/api/v1/leads/{created['id']}")).json()["person_id"] == created["person_id"]
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert {**foreign.json(), "instance": ""} == {**missing.json(), "instance": ""}


async def test_each_item_of_a_batch_has_its_own_fate(desk):
    good = said()
    batch = [good, said(person={}), {"external_id": "X"}, said(colour="red"), good, 7, said(person=LI, interests=[])]

    results = (await desk.post("/api/v1/leads/batch", json=batch)).json()["results"]

    assert [(one["index"], one["status"]) for one in results] == list(enumerate([201, 422, 422, 422, 200, 422, 201]))
    assert results[1]["errors"][0]["path"] == "person"
    assert "colour" in results[3]["errors"][0]["message"]
    assert results[4]["id"] == results[0]["id"]


@pytest.mark.parametrize("items", [0, 501])
async def test_a_batch_holds_one_to_five_hundred(desk, items):
    refused = await desk.post("/api/v1/leads/batch", json=[{}] * items)

    assert refused.status_code == 422
    assert str(items) in refused.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        (b"{", 400, None), (b"", 400, None), (b"\xff", 400, None), (b"[]", 422, ""), (b"{}", 422, ""),
        (json.dumps(said(source={"kind": "radio"})), 422, "source.kind"),
        (json.dumps(said(interests=[wants(), wants(kind="rent")])), 422, "interests[1].kind"),
        (json.dumps(said(external_id="a\0b")), 422, "external_id"),
        (json.dumps(registration(captured_at="2025-08-29T12:00:00")), 422, "captured_at"),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_says_where(desk, body, status, path):
    refused = await desk.post("/api/v1/leads", content=body, headers={"content-type": "application/json"})

    assert (refused.status_code, refused.headers["content-type"]) == (status, PROBLEM)
    assert [error["path"] for error in refused.json().get("errors", [])] == ([] if path is None else [path])


# Consent


async def test_consent_follows_a_lead_and_moves_it(desk):
    lead = await a_lead(consents=[])
    created = (await desk.get(f"/api/v1/leads/{lead}")).json()
    door = f"/api/v1/people/{created['person_id']}/consents"

    given = await desk.post(door, json=says(True, "aito"))
    await work(datetime.now(UTC))
    assert await stands(lead) == [("offered", None)]
    withdrawn = await desk.post(door, json={"consents": [says(False, "aito"), says(True, "luxeed")]})
    await work(datetime.now(UTC))

    assert [one["given"] for one in given.json()["consents"]] == [True]
    assert [(one["brand"], one["given"]) for one in withdrawn.json()["consents"]] == [("aito", False), ("luxeed", True)]
    assert [state for _, state in await offers_of(lead)] == ["withdrawn"]


async def test_a_source_speaks_only_for_people_whom_it_sent(desk):
    lead = await a_lead()
    reference = (await desk.get(f"/api/v1/leads/{lead}")).json()["person_id"]
    async with client(await key(code="app")) as other:
        tried = [reference, reference[:-2] + "AA", "nonsense", str(await person_of(lead))]
        answers = [await other.post(f"/api/v1/people/{one}/consents", json=says(False, "aito")) for one in tried]

    assert {answer.status_code for answer in answers} == {404}
    assert await value("select count(*) from consent where state = 'withdrawn'") == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"consents": []}, 422), ({}, 422), (says(True), 422), (says(True, "tesla"), 422),
        ({"consents": [says(True, "aito")], "colour": "red"}, 422), ([], 422), (says(True, "aito") | {"given": "yes"}, 422),
    ],
)  # fmt: skip
async def test_an_answer_that_cannot_be_used_is_refused(desk, body, status):
    lead = await a_lead(consents=[])
    reference = (await desk.get(f"/api/v1/leads/{lead}")).json()["person_id"]

    refused = await desk.post(f"/api/v1/people/{reference}/consents", json=body)

    assert (refused.status_code, refused.headers["content-type"]) == (status, PROBLEM)


async def test_an_answer_that_is_not_json_is_refused(desk):
    lead = await a_lead(consents=[])
    reference = (await desk.get(f"/api/v1/leads/{lead}")).json()["person_id"]

    for broken in (b"{", b"\xff", b""):
        refused = await desk.post(
            f"/api/v1/people/{reference}/consents", content=broken, headers={"content-type": "application/json"}
        )
        assert refused.status_code == 400


# Failures


async def test_every_failure_has_one_shape(desk):
    answers = {
        400: await desk.get("/api/v1/me", params={"colour": "red"}),
        401: await desk.get("/api/v1/me", headers={"Authorization": "Bearer wrong"}),
        403: await desk.get("/api/v1/inbox"),
        404: await desk.get("/api/v1/nowhere"),
        405: await desk.delete("/api/v1/leads"),
        413: await desk.post("/api/v1/leads", json={"remark": "x" * 70_000}),
        422: await desk.post("/api/v1/leads", json={}),
    }

    assert {status: answer.status_code for status, answer in answers.items()} == {status: status for status in answers}
    for status, answer in answers.items():
        assert answer.headers["content-type"] == PROBLEM
        assert list(answer.json())[:5] == ["type", "title", "status", "detail", "instance"]
        assert answer.json()["status"] == status
    assert answers[401].headers["www-authenticate"] == "Bearer"
    assert "GET" not in answers[404].text


async def test_a_misspelt_parameter_is_named():
    async with client() as caller:
        refused = await caller.get("/health/live", params={"verbos": "1"})

    assert refused.json()["detail"] == "This request cannot be read: unknown query parameter verbos."


def failing(raised):
    @get("/api/fails", guards=[access.anyone])
    async def fails() -> None:
        raise raised

    return Litestar([fails], exception_handlers={Exception: problems.answer}, logging_config=None)


async def test_a_fault_of_ours_tells_nothing_of_itself():
    async with client(of=failing(ZeroDivisionError("13800138000"))) as caller:
        answer = await caller.get("/api/fails")

    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert not [one for one in ("13800138000", "ZeroDivision", "Traceback", "test_app") if one in answer.text]


@pytest.mark.parametrize("away", [database.DatabaseAway(), ConnectionRefusedError()])
async def test_a_database_that_is_away_asks_for_patience(away):
    async with client(of=failing(away)) as caller:
        answer = await caller.get("/api/fails")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")


async def test_a_person_with_a_browser_gets_a_page():
    async with client(accept="text/html") as caller:
        page = await caller.get("/nowhere")
        for_machines = await caller.get("/api/v1/nowhere")

    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (404, "text/html")
    assert for_machines.headers["content-type"] == PROBLEM
