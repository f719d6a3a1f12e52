"""The dealer's doors over HTTP: what a key reaches, how answers are repeated, and that a foreign offer answers like no offer."""

import functools
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from app import create_app
from crm import access
from crm.database import transaction
from leads import offers
from tests.leads.offering import MINUTE, a_lead, an_offer, another_phone, offer_of, open_chengdu

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


@functools.cache
def application():
    return create_app()


async def client_for(code, *, kind="dealer"):
    async with transaction():
        key = await access.create_key(kind, code, at=NOW)
    transport = httpx.ASGITransport(app=application())
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(transport=transport, base_url="http://marquee.test/api/v1", headers=headers)


async def an_offer_now(**facts):
    """(path of a fresh offer, a client of its dealer, a client of the other dealer)."""
    offer, dealer, other = await an_offer(at=datetime.now(UTC), **facts)
    return f"/inbox/offers/{offer}", await client_for(dealer.code), await client_for(other.code)


def contacted(**facts):
    return {"kind": "contacted", "at": datetime.now(UTC).isoformat()} | facts


async def test_the_inbox_tells_what_happened_with_the_offer_as_it_stands():
    path, mine, other = await an_offer_now()

    page = (await mine.get("/inbox")).json()

    assert (page["next"], page["more"], len(page["items"])) == (1, False, 1)
    item = page["items"][0]
    assert (item["seq"], item["type"], item["offer"]["id"]) == (1, "offered", path.rpartition("/")[2])
    told = {
        "id",
        "state",
        "store",
        "brand",
        "model",
        "kind",
        "offered_at",
        "answer_due_at",
        "expires_at",
        "version",
        "lead",
    }
    assert told <= item["offer"].keys()
    assert item["offer"]["lead"]["person"]["phone"] == "138****8000"
    assert (await other.get("/inbox")).json() == {"items": [], "next": 0, "more": False}


async def test_an_answer_has_the_version_as_etag_and_takes_it_back():
    path, mine, _ = await an_offer_now()
    etag = (await mine.get(path)).headers["etag"]

    stale = await mine.post(f"{path}/acceptance", headers={"If-Match": '"9"'})
    taken = await mine.post(f"{path}/acceptance", headers={"If-Match": etag})

    assert (etag, stale.status_code, taken.status_code) == ('"1"', 412, 200)
    assert taken.headers["etag"] == '"2"'
    assert taken.json()["lead"]["person"]["phone"] == "+8613800138000"


async def test_the_same_idempotency_key_repeats_the_answer_and_no_key_is_told_whose_it_is():
    path, mine, _ = await an_offer_now()
    once = {"Idempotency-Key": str(uuid4())}

    first, again = [await mine.post(f"{path}/acceptance", headers=once) for _ in range(2)]
    without = await mine.post(f"{path}/acceptance")

    assert first.json() == again.json()
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert without.status_code == 409
    assert without.headers["content-type"] == "application/problem+json"
    assert f"by store {first.json()['store']}" in without.json()["detail"]


async def test_a_key_is_not_for_two_requests():
    path, mine, _ = await an_offer_now()
    once = {"Idempotency-Key": "k"}

    await mine.post(f"{path}/refusal", json={"reason": "no_staff"}, headers=once)
    other_body = await mine.post(f"{path}/refusal", json={"reason": "other"}, headers=once)

    assert other_body.status_code == 422


async def test_a_disposition_is_created_once_by_its_reference():
    path, mine, _ = await an_offer_now()
    await mine.post(f"{path}/acceptance")
    order = contacted(kind="order", value_fen=28980000, reference="A-1", grade="O", note="现金")

    first, again = [await mine.post(f"{path}/dispositions", json=order) for _ in range(2)]

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert "idempotent-replayed" in again.headers
    assert (first.json()["value_fen"], "note" in first.json()) == (28980000, False)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (contacted(kind="sold"), "kind"),
        (contacted(at="2099-01-01T00:00:00Z"), "at"),
        (contacted(at="2025-01-01T00:00:00Z"), "at"),
        (contacted(kind="lost"), "reason"),
        (contacted(kind="lost", reason="no_staff"), "reason"),
        (contacted(value_fen=-1), "value_fen"),
        (contacted(grade="Z"), "grade"),
        (contacted(at="2026-01-01T00:00:00"), "at"),
        (contacted(colour="red"), ""),
    ],
)
async def test_a_disposition_that_cannot_be_is_refused_at_its_path(body, path):
    offer, mine, _ = await an_offer_now()
    await mine.post(f"{offer}/acceptance")

    refused = await mine.post(f"{offer}/dispositions", json=body)

    assert refused.status_code == 422
    assert path in refused.json()["errors"][0]["path"]


@pytest.mark.parametrize(
    ("method", "door", "body"),
    [
        ("GET", "", None),
        ("POST", "/acceptance", None),
        ("POST", "/refusal", {"reason": "no_staff"}),
        ("POST", "/dispositions", contacted()),
    ],
)
async def test_a_dealer_meets_only_its_own_offers_and_a_foreign_one_answers_like_none(method, door, body):
    path, mine, other = await an_offer_now()
    nothing = f"/inbox/offers/{uuid4()}"

    foreign, missing = [await other.request(method, each + door, json=body) for each in (path, nothing)]

    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert {**foreign.json(), "instance": ""} == {**missing.json(), "instance": ""}
    assert foreign.headers.keys() == missing.headers.keys()
    assert (await mine.get(path)).json()["version"] == 1


async def test_no_route_of_the_inbox_is_open_to_a_source_or_without_a_key():
    path, mine, _ = await an_offer_now()
    source = await client_for("desk", kind="source")

    for method, door in (("GET", "/inbox"), ("GET", path), ("POST", f"{path}/acceptance")):
        assert (await source.request(method, door)).status_code == 403
        assert (await mine.request(method, door, headers={"Authorization": "Bearer nonsense"})).status_code == 401


async def test_a_store_filter_knows_the_dealers_own_stores_alone():
    await an_offer_now()
    mine = await client_for("D1")

    assert (await mine.get("/inbox", params={"store": "S3"})).json()["items"] == []
    assert [(await mine.get("/inbox", params={"store": code})).status_code for code in ("S2", "S9")] == [404, 404]


async def test_an_unknown_parameter_or_a_wrong_page_is_refused():
    mine = await client_for("D1")

    assert (await mine.get("/inbox", params={"afer": 3})).status_code == 400
    for wrong in ({"limit": 0}, {"limit": 201}, {"after": -1}, {"after": "x"}):
        assert (await mine.get("/inbox", params=wrong)).status_code in {400, 422}


async def test_an_expired_offer_answers_gone():
    path, mine, _ = await an_offer_now()
    late, dealer, _ = await an_offer(at=NOW - timedelta(hours=2), phone=another_phone(1))
    its = await client_for(dealer.code)

    gone = await its.post(f"/inbox/offers/{late}/acceptance")

    assert (gone.status_code, "next store" in gone.json()["detail"]) == (410, True)
    assert (await mine.post(f"{path}/acceptance")).status_code == 200


async def test_what_was_taken_back_comes_again_without_the_person():
    lead = await a_lead(at=datetime.now(UTC))
    offer, dealer, _ = await offer_of(lead)
    mine = await client_for(dealer.code)
    await mine.post(f"/inbox/offers/{offer}/acceptance")
    async with transaction():
        await offers.withdraw([offer], reason="consent_withdrawn", at=datetime.now(UTC) + MINUTE)

    told = await mine.get("/inbox", params={"after": 2})

    assert [item["type"] for item in told.json()["items"]] == ["withdrawn"]
    assert told.json()["items"][0]["offer"]["lead"].keys() == {"id"}
    for secret in ("13800138000", "138****8000", "王", "qq.com", "周末"):
        assert (
            secret not in told.text + (await mine.get(f"/inbox/offers/{offer}")).text + (await mine.get("/inbox")).text
        )


async def test_me_and_codes_tell_a_dealer_its_own_stores_and_everybody_the_words():
    mine, source = await client_for("D1"), await client_for("desk", kind="source")

    me, codes = (await mine.get("/me")).json(), (await mine.get("/codes")).json()
    theirs = (await source.get("/codes")).json()

    assert (me["kind"], me["code"], me["scopes"]) == ("dealer", "D1", ["inbox"])
    assert [(store["code"], store["brands"]) for store in me["stores"]] == [("S1", ["aito"]), ("S3", ["luxeed"])]
    assert codes["stores"] == me["stores"]
    assert [brand["code"] for brand in codes["brands"]] == ["aito", "luxeed", "stelato", "maextro", "shangjie"]
    assert (theirs["stores"], theirs["reasons"]) == ([], codes["reasons"])
    assert (await source.get("/me")).json()["stores"] == []
    assert {grade["code"] for grade in codes["grades"]} == set("OHABCF")
