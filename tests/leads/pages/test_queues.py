"""Work queues in a browser: rows with what can be done about them, plain forms, and nobody's leads but the reader's."""

import re

import pytest

from leads import rechecks
from tests.cast import DAY, LI, a_lead, fetch, open_chengdu, signed_in, stands, value, wants


@pytest.fixture(autouse=True)
async def three_stores(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


@pytest.fixture
async def marketer(three_stores):
    async with await signed_in("alliance_marketer") as client:
        yield client


async def page(client, address):
    answer = await client.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.text


def leads(text):
    return re.findall(r'name="lead" value="([\w-]+)"', text)


async def queued(lead):
    interest = await value("select id from interest where lead = $1", lead)
    await fetch("update offer set state = 'withdrawn', ended_at = now() where interest = $1 returning id", interest)
    await fetch("update interest set stage = 'alliance_queue', due_at = null where id = $1 returning id", interest)
    return await value(
        "insert into alliance_task (id, interest, reason, refusals, opened_at)"
        " values (gen_random_uuid(), $1, 'refused', 2, now()) returning id",
        interest,
    )


async def test_the_door_leads_to_late_answers_first(marketer):
    await a_lead()  # months ago, on the clock of the page

    answer = await marketer.get("/queues")

    assert answer.headers["location"] == "/queues/late"


async def test_a_late_answer_can_be_reminded_of_and_offered_elsewhere(marketer):
    lead = await a_lead()

    text = await page(marketer, "/queues/late")

    assert leads(text) == [str(lead)]
    assert re.search(r'action="/stores/S\d/reminders"', text)
    assert f"/leads/{lead}/offers/new?interest=" in text
    assert "13788997665" not in text


async def test_each_reason_of_a_hold_says_what_to_do(marketer):
    silent = await a_lead(consents=[])
    unnamed = await a_lead(person=LI, interests=[wants(None)])

    assert leads(await page(marketer, "/queues/held?hold=no_consent")) == [str(silent)]
    text = await page(marketer, "/queues/held?hold=no_interest")

    assert leads(text) == [str(unnamed)]
    assert f"/leads/{unnamed}/interests/" in text
    assert "Ask, and name the interest" in text
    assert "/queues/held?hold=no_consent" in text


async def test_what_no_store_took_is_taken_closed_and_opened_again(marketer):
    lead = await a_lead()
    task = await queued(lead)

    taken = await marketer.post(f"/queues/alliance/{task}/taking")
    closed = await marketer.post(f"/queues/alliance/{task}/closing", data={"reason": "price"})
    assert (taken.status_code, closed.headers["location"]) == (303, "/queues/alliance")
    assert await stands(lead) == [("lost", None)]
    await marketer.post(f"/queues/alliance/{task}/opening")

    assert await stands(lead) == [("alliance_queue", None)]
    assert "in hand" in await page(marketer, "/queues/alliance")


async def test_a_reason_that_nobody_knows_is_refused(marketer):
    task = await queued(await a_lead())

    answer = await marketer.post(f"/queues/alliance/{task}/closing", data={"reason": "whim"})

    assert answer.status_code == 422


async def test_what_was_lost_is_confirmed_or_reopened_with_a_note(marketer):
    lead = await a_lead()
    task = await queued(lead)
    await marketer.post(f"/queues/alliance/{task}/closing", data={"reason": "price"})
    closed_at = await value("select closed_at from alliance_task where id = $1", task)
    assert await rechecks.draw(closed_at + DAY) == 1
    recheck = await value("select id from recheck")
    assert leads(await page(marketer, "/queues/lost")) == [str(lead)]

    answer = await marketer.post(f"/queues/lost/{recheck}/reopening", data={"note": "still wants it"})

    assert answer.headers["location"] == "/queues/lost"
    assert await stands(lead) == [("cleared", None)]
    await marketer.post(f"/queues/lost/{recheck}/undoing")
    assert await stands(lead) == [("lost", None)]


async def test_an_empty_queue_says_so_and_a_foreign_name_is_not_there(marketer):
    for name in ("late", "held", "alliance", "lost"):
        assert "mq-empty" in await page(marketer, f"/queues/{name}")
    assert (await marketer.get("/queues/tomorrow")).status_code == 404


async def test_chinese_queues_say_everything_in_chinese(marketer):
    await queued(await a_lead(person=LI))
    await a_lead(consents=[])

    for name in ("late", "held", "alliance", "lost"):
        text = re.sub(r"<svg.*?</svg>", "", await page(marketer, f"/queues/{name}?lang=zh-Hans"), flags=re.DOTALL)
        main = re.sub(r"<[^>]+>", " ", text[text.index("<main") : text.index("</main>")])
        assert not re.findall(r"\b(?!AITO|CSV|Marquee|M\d|UTC)[A-Za-z]{4,}\b", main)


async def test_another_brands_leads_are_in_no_queue_of_mine():
    theirs = await a_lead(interests=[wants("luxeed")], consents=[])
    task = await queued(await a_lead(person=LI, interests=[wants("luxeed")]))
    async with await signed_in("brand_marketer", brand="aito") as client:
        for name in ("late", "held?hold=no_consent", "alliance", "lost"):
            assert leads(await page(client, f"/queues/{name}")) == []
        assert (await client.post(f"/queues/alliance/{task}/taking")).status_code == 404
    assert theirs


async def test_an_event_desk_has_no_queues():
    async with await signed_in("event_desk") as client:
        assert (await client.get("/queues/late")).status_code == 403
