"""The history can be read by those who watch over the house, in words, and taken away; both leave a trace."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from crm import audit, history
from crm.database import transaction
from crm.roles import MAY, ROLES
from tests.cast import colleague, open_chengdu, signed_in, value

AT = datetime(2025, 12, 9, 4, tzinfo=UTC)


async def note(*entries):
    async with transaction():
        for minutes, (actor, action, kind, subject, details) in enumerate(entries):
            await history.note(actor, action, kind, subject, at=AT + timedelta(minutes=minutes), **details)


@pytest.fixture
async def auditor(clean_tables):
    return await signed_in("auditor")


def actions_on(page):
    return re.findall(r'<td class="mq-strong mq-what" data-on-phone="main">([^<]*)</td>', page.text)


@pytest.mark.parametrize("role", ROLES)
async def test_only_who_watches_over_the_house_reads_it(role, tmp_path):
    await open_chengdu(tmp_path)
    client = await signed_in(role)

    statuses = [(await client.get(path)).status_code for path in ("/audit", "/audit/export")]

    assert statuses == [200, 200] if "audit" in MAY[role] else [403, 403]


async def test_entries_are_told_in_words_of_both_languages(auditor):
    actor = await colleague("alliance_admin")
    await note((actor.actor, "staff_disabled", "staff", actor.id, {"sessions": 2}))

    english = await auditor.get("/audit")
    chinese = await auditor.get("/audit?lang=zh-Hans")

    assert actions_on(english) == ["disabled a colleague"]
    assert actor.name in english.text
    assert f'href="/staff/{actor.id}"' in english.text
    assert actions_on(chinese) == ["停用了一位同事"]


async def test_every_action_has_chinese_words():
    from crm.languages import catalogue

    assert not [words for words in (*audit.ACTIONS.values(), *audit.SUBJECTS.values()) if words not in catalogue()]


async def test_filters_narrow_by_who_what_to_what_and_when(auditor):
    actor = await colleague("alliance_admin")
    await note(
        (actor.actor, "key_made", "source", "web", {}),
        ("system", "sign_in_blocked", "staff", "7", {"tries": 5}),
        ("source:web", "clock_ahead", "lead", "x", {}),
    )

    async def found(query):
        return actions_on(await auditor.get(f"/audit?{query}"))

    assert await found(f"who={actor.login}") == await found(f"who={actor.actor}") == ["made a key"]
    assert await found("action=sign_in_blocked") == ["too many sign-ins failed"]
    assert await found("kind=lead&subject=x") == ["sent a time that lay ahead"]
    assert len(await found("since=2025-12-09&until=2025-12-09")) == 3
    assert await found("since=2025-12-10") == []


async def test_pages_follow_each_other_both_ways_without_gap(auditor):
    await note(*[("system", "signed_out", "staff", str(number), {}) for number in range(audit.PAGE + 5)])

    first = await auditor.get("/audit")
    [older] = re.findall(r'rel="next" href="([^"]+)"', first.text)
    second = await auditor.get(older)
    [newer] = re.findall(r'rel="prev" href="([^"]+)"', second.text)
    again = await auditor.get(newer)

    assert [len(actions_on(page)) for page in (first, second)] == [audit.PAGE, 5]
    assert 'rel="next"' not in second.text
    subjects = r"(?<=mq-soft\">)\d+(?=</span>)"
    assert re.findall(subjects, again.text) == re.findall(subjects, first.text)


async def test_taking_it_away_is_in_it_and_runs_no_formula(auditor):
    await note(("=cmd|'/c calc'!A1", "signed_in", "staff", "1", {}))

    answer = await auditor.get("/audit/export?action=signed_in")

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer.headers["content-type"].startswith("text/csv")
    assert rows[1][1].startswith("'=cmd")
    assert await value("select details->>'rows' from history_entry where action = 'history_taken'") == "1"


async def test_what_somebody_wrote_into_the_history_never_runs(auditor):
    await note(("system", "<script>alert(1)</script>", "staff", "<img src=x>", {"reason": "<svg onload=alert(1)>"}))

    page = await auditor.get("/audit")

    assert "<script>alert" not in page.text
    assert "<svg onload" not in page.text


async def test_an_address_that_makes_no_sense_is_refused(auditor):
    for query in ("since=yesterday", "before=x", "nonsense=1"):
        assert (await auditor.get(f"/audit?{query}")).status_code in {400, 422}
