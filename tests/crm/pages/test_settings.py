"""Notices get versions, and the overview leads to all that is set; both are for administrators."""

from datetime import UTC, datetime

import pytest

from crm import access, reference
from crm.database import transaction
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
        return (await access.authenticate(key, at=datetime.now(UTC))).principal


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
