from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from crm import reference
from crm.database import transaction
from leads import reading
from leads.demo import ground, play, showcase, summary
from leads.demo.watch import Keys
from leads.front.overview import overview
from leads.submission import LeadBody

# Evening at the stands in Shanghai; a night is tried on the forms alone.
NOW = datetime(2026, 11, 22, 12, 10, tzinfo=UTC)
SMALL, TINY = 150, 40
LATEST = (("lead", "received_at"), ("offer_event", "at"), ("disposition", "at"), ("consent", "recorded_at"))
HOLDS = {"no_consent", "no_interest", "needs_review", "no_franchise", "no_capacity", "no_place"}


async def _play(*, size):
    heard = []
    await play.stage(NOW, size=size, progress=lambda done, of: heard.append((done, of)))
    return heard


async def _value(statement, *facts):
    async with transaction() as connection:
        return await connection.fetchval(statement, *facts)


async def _words():
    async with transaction():
        return await reference.load()


async def test_a_small_story_keeps_the_promises_of_the_demo(clean_tables):
    heard = await _play(size=SMALL)

    async with transaction():
        seen = await overview(at=NOW)
        lines = await summary.figures(at=NOW)
    [(sent, forms), guests] = heard[-1], await _value("select count(*) from registration")
    assert (sent, seen.registrations) == (forms, forms + guests)
    of_guests = await _value("select count(*) from registration where lead is not null")
    assert await _value("select count(*) from lead") == forms + of_guests
    assert 0 < of_guests <= guests
    assert {hold.code for hold in seen.held if hold.waiting} == HOLDS
    assert seen.offers.late + seen.offers.due_within_the_hour >= 20
    assert min(seen.offers.accepted, seen.offers.refused, seen.offers.expired, seen.offers.withdrawn) > 0
    assert await _value("select count(*) from alliance_task where closed_at is null") > 0
    assert await _value("select count(*) from merge where undone_at is null and actor = 'staff:demo'") > 0
    assert await _value("select count(*) from merge where undone_at is not null") > 0
    assert len(lines) == 6
    for table, column in LATEST:
        assert await _value(f"select max({column}) from {table}") <= NOW


async def test_both_shows_are_campaigns_that_every_brand_agreed_to(clean_tables):
    await _play(size=TINY)

    async with transaction() as connection:
        shows = await connection.fetch(
            """
            select code, status, count(*) filter (where answer.answer = 'accepted' and answer.terms = campaign.terms) as agreed
            from campaign join partner_answer as answer on answer.campaign = campaign.id group by 1, 2 order by 1
            """
        )
        seats = await connection.fetch("select distinct state from booking")
        mailings = await connection.fetch("select channel, state from mailing order by channel")
        letters = await connection.fetchval("select count(*) from sent_sample where kind in ('joint', 'brand')")
        away = await connection.fetchval("select count(*) from message where state = 'suppressed'")
    assert [tuple(row) for row in shows] == [("chengdu-demo", "closed", 5), ("shanghai-demo", "live", 5)]
    assert "confirmed" in {row["state"] for row in seats}
    assert [tuple(row) for row in mailings] == [("email", "done"), ("sms", "done")]
    assert letters
    assert away


async def test_a_story_is_told_once(clean_tables):
    await _play(size=TINY)
    events = await _value("select count(*) from offer_event")

    assert await _play(size=TINY) == []
    assert await _value("select count(*) from offer_event") == events
    assert await ground.is_finished()


async def test_a_story_that_was_cut_off_has_to_start_over(clean_tables):
    def pull_the_plug(done, of):
        if done > of // 3:
            raise EOFError

    with pytest.raises(EOFError):
        await play.stage(NOW, size=TINY, progress=pull_the_plug)

    assert await ground.is_interrupted()
    with pytest.raises(ground.NotAnEmptyHouse, match="FRESH=1"):
        await _play(size=TINY)


async def test_an_outside_database_is_never_emptied(clean_tables):
    with pytest.raises(ground.NotOurs):
        await ground.clear()


async def test_the_printed_lead_can_be_sent(clean_tables):
    async with transaction():
        _, form, source, dealer = await summary.ways_in("http://here", Keys("web-key", {"D001": "dealer-key"}), at=NOW)

    sent = msgspec.json.decode(source.partition(" -d '")[2].rstrip("'"), type=LeadBody)
    assert not reading.read(sent, reference=await _words(), stores={}).faults
    assert "http://here/e/shanghai-demo" in form
    assert dealer.endswith("'Authorization: Bearer dealer-key'")


@pytest.mark.parametrize("hour", [0, 4, 9, 17])
def test_at_any_hour_the_show_is_on_its_second_day_and_busy(hour):
    now = NOW.replace(hour=hour)
    calendar = showcase.shows(now)
    forms = showcase.registrations(calendar, size=600, seed=1)

    assert all(form.captured_at <= now for form in forms)
    assert sum(now - form.captured_at < timedelta(hours=1) for form in forms) >= 60
    assert len({form.body.external_id for form in forms}) == len(forms)
    assert {form.body.source.campaign for form in forms} == set(showcase.CODES)


def test_one_seed_tells_one_story():
    first, second = (showcase.registrations(showcase.shows(NOW), size=200, seed=5) for _ in range(2))

    assert [form.body == again.body for form, again in zip(first, second, strict=True)] == [True] * len(first)
    assert showcase.registrations(showcase.shows(NOW), size=200, seed=6)[0].body != first[0].body
