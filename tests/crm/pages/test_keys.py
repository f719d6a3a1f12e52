"""Administrators make keys for machines, give them terms and end them; nobody sees a key twice."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from crm import access, reference
from crm.database import transaction
from crm.errors import SignInNeeded
from crm.limits import Limit
from tests.cast import fetch, on_page, open_chengdu, signed_in, value

SOURCE = {"kind": "source", "code": "douyin", "scopes": ["leads", "consents", "events"]}
DEALER = {"kind": "dealer", "code": "D1"}
LAST = "select * from api_key order by id desc limit 1"


@pytest.fixture
async def admin(clean_tables, tmp_path):
    await open_chengdu(tmp_path)
    yield await signed_in("alliance_admin")
    reference.forget()


async def admitted(key):
    async with transaction():
        return await access.authenticate(key, at=datetime.now(UTC))


async def made(admin, **said):
    """The key that a page shows for what was said in the form."""
    answer = await admin.post("/keys", data=said)
    assert answer.status_code == 200, answer.text
    return on_page(r'class="mq-secret">(mq_\w+_[\w-]+)<', answer.text)


async def test_a_key_is_shown_once_and_opens_until_it_is_revoked(admin):
    key = await made(admin, **SOURCE)
    assert (await admitted(key)).principal.code == "douyin"

    listed = (await admin.get("/keys")).text
    assert key not in listed
    [revocation] = re.findall(r'action="(/keys/\d+/revocation)"', listed)
    await admin.post(revocation)
    await admin.post(revocation)

    with pytest.raises(SignInNeeded):
        await admitted(key)
    assert [row[0] for row in await fetch("select action from history_entry where action like 'key%' order by id")] == [
        "key_made",
        "key_revoked",
    ]


async def test_a_key_opens_what_was_ticked_and_a_dealers_its_inbox(admin):
    keys = [await made(admin, **SOURCE | {"scopes": ["leads"]}), await made(admin, **SOURCE | DEALER)]

    assert [(await admitted(key)).principal.scopes for key in keys] == [{"leads"}, {"inbox"}]


async def test_a_key_is_made_on_the_terms_of_the_form_and_changed_to_others(admin):
    terms = {
        "expires_at": "2037-05-01T10:00",
        "allowed_from": "203.0.113.0/24, 2001:db8::/32\n198.51.100.7",
        "limit_requests": "600",
        "limit_seconds": "10",
    }
    await made(admin, **SOURCE, **terms)
    [row] = await fetch(LAST)
    assert row["expires_at"] == datetime(2037, 5, 1, 2, tzinfo=UTC)
    assert [str(one) for one in row["allowed_from"]] == ["203.0.113.0/24", "2001:db8::/32", "198.51.100.7/32"]

    page = (await admin.get(f"/keys/{row['id']}")).text
    assert 'value="2037-05-01T10:00"' in page
    assert "198.51.100.7/32" in page
    answer = await admin.post(f"/keys/{row['id']}/terms", data={"limit_requests": "5", "limit_seconds": "60"})

    assert answer.status_code == 303
    [row] = await fetch(LAST)
    assert (row["expires_at"], row["allowed_from"]) == (None, None)
    assert Limit(row["limit_requests"], row["limit_seconds"]) == Limit(5, 60)
    assert await value("select count(*) from history_entry where action = 'key_changed'") == 1
    assert "5 in 60 s" in (await admin.get("/keys")).text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"expires_at": "2020-01-01T10:00"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"allowed_from": "10.1.2.3/8"}, "allowed_from"),
        ({"allowed_from": "the office"}, "allowed_from"),
        ({"allowed_from": "\n".join(f"10.0.{number}.0/24" for number in range(51))}, "allowed_from"),
        ({"limit_requests": "600"}, "limit_seconds"),
        ({"limit_seconds": "10"}, "limit_requests"),
        ({"limit_requests": "0", "limit_seconds": "10"}, "limit_requests"),
        ({"limit_requests": "1", "limit_seconds": "3601"}, "limit_seconds"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["inbox"]}, "scopes"),
    ],
)
async def test_terms_that_cannot_be_are_refused_at_their_field(admin, wrong, field):
    answer = await admin.post("/keys", data=SOURCE | wrong)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert await value("select count(*) from api_key") == 0
    if field != "scopes":
        await made(admin, **SOURCE)
        number = (await fetch(LAST))[0]["id"]
        again = await admin.post(f"/keys/{number}/terms", data=wrong)
        assert (again.status_code, f'href="#{field}"' in again.text) == (422, True)


async def test_a_third_key_is_refused_with_the_beginnings_of_the_two(admin):
    two = [await made(admin, **SOURCE), await made(admin, **SOURCE)]

    answer = await admin.post("/keys", data=SOURCE)

    assert answer.status_code == 409
    assert all(key[:14] in answer.text for key in two)
    assert await value("select count(*) from api_key") == 2


async def test_a_key_that_has_ended_gets_no_other_terms(admin):
    await made(admin, **SOURCE, expires_at="2037-05-01T10:00")
    number = (await fetch(LAST))[0]["id"]
    await fetch("update api_key set expires_at = $1", datetime.now(UTC) - timedelta(seconds=1))

    answer = await admin.post(f"/keys/{number}/terms", data={"expires_at": "2037-05-01T10:00"})

    assert answer.status_code == 409
    assert await value("select expires_at < now() from api_key")
    assert "ended" in (await admin.get("/keys")).text


async def test_keys_are_found_by_whose_they_are_and_whether_they_live(admin):
    for code in ("douyin", "web"):
        await made(admin, **SOURCE | {"code": code})
    await made(admin, **DEALER)
    await admin.post(f"/keys/{await value('select min(id) from api_key')}/revocation")

    async def shown(query):
        return re.findall(r'class="mq-strong" href="/keys/\d+">([\w-]+)<', (await admin.get(f"/keys?{query}")).text)

    assert await shown("") == ["D1", "web"]
    assert await shown("shown=revoked") == ["douyin"]
    assert await shown("shown=all&code=web") == ["web"]


@pytest.mark.parametrize("said", [{"kind": "dealer", "code": "D404"}, {"code": "a b"}, {"kind": "device", "code": "x"}])
async def test_there_is_no_key_for_nobody(admin, said):
    answer = await admin.post("/keys", data=SOURCE | said)

    assert answer.status_code == 422
    assert await value("select count(*) from api_key") == 0


async def test_a_number_that_no_key_has_is_not_there(admin):
    assert (await admin.get("/keys/999999")).status_code == 404
    assert (await admin.post("/keys/999999/terms", data={})).status_code == 404
