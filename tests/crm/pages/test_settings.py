"""Notices get versions, machines get keys, and both are for administrators."""

import re
from datetime import UTC, datetime

import pytest

from crm import access, reference
from crm.database import transaction
from crm.errors import SignInNeeded
from tests.cast import fetch, open_chengdu, signed_in, value

WORDS = "您可以选择是否同意。"
NOTICE = {"notice": "desk", "version": "2", "language": "zh", "text": WORDS, "valid_from_on": "2031-01-01"}


@pytest.fixture
async def admin(clean_tables, tmp_path):
    await open_chengdu(tmp_path)
    yield await signed_in("alliance_admin")
    reference.forget()


async def authenticated(key):
    async with transaction():
        return await access.authenticate(key, at=datetime.now(UTC))


async def test_the_overview_counts_and_leads_on(admin):
    page = await admin.get("/settings")

    assert page.status_code == 200
    for path in ("/staff", "/keys", "/notices", "/audit"):
        assert f'href="{path}"' in page.text


@pytest.mark.parametrize("path", ["/settings", "/notices", "/keys", "/notices/new", "/keys/new"])
async def test_others_are_refused(path, clean_tables):
    for role in ("alliance_marketer", "auditor"):
        assert (await (await signed_in(role)).get(path)).status_code == 403


async def test_a_new_version_follows_the_one_before_it(admin):
    answer = await admin.post("/notices", data=NOTICE)

    assert answer.status_code == 303
    rows = await fetch(
        """
        select version, valid_from_on::text, valid_until_on::text
        from notice_version join notice on notice.id = notice where code = 'desk' and language = 'zh' order by notice_version.id
        """
    )
    assert [tuple(row) for row in rows] == [("1", "2025-01-01", "2031-01-01"), ("2", "2031-01-01", None)]
    assert ("desk", "2", "zh") in (await reference.load()).notices
    page = (await admin.get("/notices")).text
    assert WORDS in page
    assert "Planned" in page


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"version": "1"}, "version"),
        ({"valid_from_on": "2025-01-01"}, "valid_from_on"),
        ({"valid_from_on": "soon"}, "valid_from_on"),
        ({"language": "tlh"}, "language"),
        ({"text": ""}, "text"),
        ({"notice": "a b"}, "notice"),
    ],
)
async def test_a_version_that_cannot_be_is_refused_with_what_was_typed(admin, wrong, field):
    answer = await admin.post("/notices", data=NOTICE | wrong)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert await value("select count(*) from notice_version where valid_from_on > '2025-01-01'") == 0, "none was added"


async def test_a_new_version_begins_with_the_words_of_the_old_one(admin):
    page = await admin.get("/notices/new?notice=desk&version=1&language=en")

    assert "You choose each of these separately" in page.text
    assert (await admin.get("/notices/new?notice=desk&version=9&language=en")).status_code == 404


async def test_a_key_is_shown_once_and_opens_until_it_is_revoked(admin):
    answer = await admin.post("/keys", data={"kind": "source", "code": "douyin"})
    [key] = re.findall(r'class="mq-secret">(mq_source_[\w-]+)<', answer.text)
    assert (await authenticated(key)).code == "douyin"

    listed = (await admin.get("/keys")).text
    assert key not in listed
    [revocation] = re.findall(r'action="(/keys/\d+/revocation)"', listed)
    await admin.post(revocation)
    await admin.post(revocation)

    with pytest.raises(SignInNeeded):
        await authenticated(key)
    assert [row[0] for row in await fetch("select action from history_entry where action like 'key%' order by id")] == [
        "key_made",
        "key_revoked",
    ]


async def test_keys_are_found_by_whose_they_are_and_whether_they_live(admin):
    for code in ("douyin", "web"):
        await admin.post("/keys", data={"kind": "source", "code": code})
    await admin.post("/keys", data={"kind": "dealer", "code": "D1"})
    await admin.post(f"/keys/{await value('select min(id) from api_key')}/revocation")

    async def shown(query):
        return re.findall(r'class="mq-strong">([\w-]+)<', (await admin.get(f"/keys?{query}")).text)

    assert await shown("") == ["D1", "web"]
    assert await shown("shown=revoked") == ["douyin"]
    assert await shown("shown=all&code=web") == ["web"]


@pytest.mark.parametrize(
    "said", [{"kind": "dealer", "code": "D404"}, {"kind": "source", "code": "a b"}, {"kind": "device", "code": "x"}]
)
async def test_there_is_no_key_for_nobody(admin, said):
    answer = await admin.post("/keys", data=said)

    assert answer.status_code == 422
    assert await value("select count(*) from api_key") == 0
