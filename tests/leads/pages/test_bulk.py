"""Bulk changes in a browser: from ticks to a preview, to a job with its result, and back."""

import re
from datetime import UTC, datetime

import pytest

from crm.database import transaction
from tests.cast import LI, a_lead, open_chengdu, signed_in, stands, value, wants, work


@pytest.fixture(autouse=True)
async def three_stores(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


@pytest.fixture
async def marketer(three_stores):
    async with await signed_in("alliance_marketer") as client:
        yield client


def hidden(text):
    """What a browser would send from the form that starts the job."""
    form = text[text.index('action="/bulk/jobs"') :]
    form = form[: form.index("</form>")]
    sent: dict[str, list[str]] = {}
    for name, content in re.findall(r'name="([\w]+)" value="([^"]*)"', form):
        sent.setdefault(name, []).append(content)
    return sent


async def started(client, sent):
    answer = await client.post("/bulk/jobs", data=sent)
    assert answer.status_code == 303, answer.status_code
    return answer.headers["location"]


async def test_ticked_leads_are_previewed_held_and_given_back(marketer):
    lead, other = await a_lead(consents=[]), await a_lead(person=LI, consents=[])

    preview = await marketer.post("/bulk", data={"lead": [str(lead)], "kind": "hold"})
    assert "1 lead will change" in preview.text
    job = await started(marketer, hidden(preview.text))
    await work(datetime.now(UTC))

    assert (await stands(lead), await stands(other)) == ([("identified", "spam")], [("identified", "no_consent")])
    assert "Undo 1 change" in (await marketer.get(job)).text
    await marketer.post(f"{job}/undoing")
    await work(datetime.now(UTC))
    assert await stands(lead) == [("identified", "no_consent")]
    assert "as it was before" in (await marketer.get(job)).text


async def test_all_that_a_list_holds_is_meant_when_somebody_says_all(marketer):
    leads = [await a_lead(consents=[]), await a_lead(person=LI, interests=[wants("luxeed")], consents=[])]

    preview = await marketer.post("/bulk", data={"all": "true", "query": "brand=luxeed", "kind": "hold"})
    await started(marketer, hidden(preview.text))
    await work(datetime.now(UTC))

    assert [await stands(lead) for lead in leads] == [[("identified", "no_consent")], [("identified", "spam")]]


async def test_what_matches_only_since_the_preview_is_left_alone_and_told(marketer):
    first = await a_lead(consents=[])
    preview = await marketer.post("/bulk", data={"all": "true", "query": "", "kind": "hold"})
    since = await a_lead(person=LI, consents=[])

    job = await started(marketer, hidden(preview.text))
    await work(datetime.now(UTC))

    assert [await stands(lead) for lead in (first, since)] == [[("identified", "spam")], [("identified", "no_consent")]]
    assert "1 more lead matches the list by now" in (await marketer.get(job)).text


async def test_what_the_preview_showed_is_changed_though_it_matches_no_more(marketer):
    lead = await a_lead(consents=[])
    preview = await marketer.post(
        "/bulk/previews", data={"all": "true", "query": "hold=no_consent", "kind": "note", "text": "call"}
    )
    async with transaction() as connection:
        await connection.execute("update interest set hold = 'needs_review' where lead = $1", lead)

    await started(marketer, hidden(preview.text))
    await work(datetime.now(UTC))

    assert await value("select subject from staff_note") == lead


@pytest.mark.parametrize("shown", ["", "AAAA", "=-=", "x" * 300_000])
async def test_all_that_a_list_holds_is_not_changed_without_a_preview(marketer, shown):
    await a_lead(consents=[])

    answer = await marketer.post("/bulk/jobs", data={"all": "true", "query": "", "kind": "hold", "shown": shown})

    assert answer.status_code == 422
    assert await value("select count(*) from bulk") == 0


async def test_a_note_is_asked_for_previewed_and_written(marketer):
    lead = await a_lead()
    asked = await marketer.post("/bulk", data={"lead": [str(lead)], "kind": "note"})
    assert 'name="text"' in asked.text

    wrong = await marketer.post("/bulk/previews", data={"lead": [str(lead)], "kind": "note", "text": ""})
    right = await marketer.post("/bulk/previews", data={"lead": [str(lead)], "kind": "note", "text": "call at seven"})
    await started(marketer, hidden(right.text))
    await work(datetime.now(UTC))

    assert wrong.status_code == 422
    assert await value("select count(*) from staff_note") == 1


async def test_the_same_form_sent_twice_is_one_job(marketer):
    preview = await marketer.post("/bulk", data={"lead": [str(await a_lead())], "kind": "hold"})
    sent = hidden(preview.text)

    assert await started(marketer, sent) == await started(marketer, sent)
    assert await value("select count(*) from bulk") == 1


async def test_without_a_kind_every_kind_is_offered_and_without_leads_none(marketer):
    asked = await marketer.post("/bulk", data={"lead": [str(await a_lead())], "kind": ""})
    nothing = await marketer.post("/bulk", data={"kind": "hold"})

    assert len(re.findall(r'name="kind" value="\w+"', asked.text)) == 7
    assert nothing.status_code == 422
    assert "No lead is chosen" in nothing.text


async def test_a_waiting_job_polls_itself_and_can_be_stopped(marketer):
    preview = await marketer.post("/bulk", data={"lead": [str(await a_lead())], "kind": "hold"})
    job = await started(marketer, hidden(preview.text))

    fragment = await marketer.get(job, headers={"hx-request": "true"})
    stopped = await marketer.post(f"{job}/cancelling")

    assert 'hx-trigger="every 1s"' in fragment.text
    assert "<html" not in fragment.text
    assert stopped.headers["location"] == job
    assert "Stopped after 0 of 1" in (await marketer.get(job)).text


async def test_what_was_not_changed_can_be_taken_away_as_a_file(marketer):
    held = await a_lead(consents=[])
    preview = await marketer.post(
        "/bulk/previews", data={"lead": [str(held)], "kind": "offer", "store": "s1", "reason": "nearer"}
    )
    job = await started(marketer, hidden(preview.text))
    await work(datetime.now(UTC))

    file = await marketer.get(f"{job}/errors")

    assert file.headers["content-type"].startswith("text/csv")
    assert str(held) in file.text
    assert "did not agree" in file.text
    assert "could not be changed" in (await marketer.get(job)).text


async def test_chinese_bulk_pages_say_everything_in_chinese(marketer):
    lead = await a_lead(person=LI, consents=[])
    await marketer.get("/bulk?lang=zh-Hans")
    pages = [await marketer.get("/bulk")]
    for kind in ("", "offer", "withdraw", "campaign", "task", "note", "hold"):
        pages.append(await marketer.post("/bulk", data={"lead": [str(lead)], "kind": kind}))  # noqa: PERF401
    job = await started(marketer, hidden(pages[-1].text))
    pages.append(await marketer.get(job))
    await work(datetime.now(UTC))
    pages += [await marketer.get(job), await marketer.get("/bulk")]

    for page in pages:
        assert page.status_code == 200
        # The colleague's name is one.
        text = re.sub(r"<(svg|datalist|select).*?</\1>", "", page.text, flags=re.DOTALL)
        main = re.sub(r"<[^>]+>", " ", text[text.index("<main") : text.index("</main>")])
        assert not re.findall(r"\b(?!marquee|test)[A-Za-z]{4,}\b", main)


async def test_another_brands_lead_is_in_no_preview_and_no_job():
    theirs = await a_lead(person=LI, interests=[wants("luxeed")], consents=[])
    async with await signed_in("brand_marketer", brand="aito") as client:
        for sent in ({"lead": [str(theirs)]}, {"all": "true", "query": ""}, {"all": "true", "query": "brand=luxeed"}):
            preview = await client.post("/bulk", data={**sent, "kind": "hold"})
            assert preview.status_code == 422
            assert (await client.post("/bulk/jobs", data={**sent, "kind": "hold"})).status_code == 422
    assert await stands(theirs) == [("identified", "no_consent")]


async def test_an_auditor_changes_nothing():
    async with await signed_in("auditor") as client:
        assert (await client.get("/bulk")).status_code == 403
        assert (await client.post("/bulk", data={"kind": "hold"})).status_code == 403
