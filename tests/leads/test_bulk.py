"""A bulk change does to many leads what its preview said, one by one, and gives back exactly what it took."""

import asyncio
import zlib
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import asyncpg
import pytest

from campaigns import occasions, reports
from crm.database import DB, STRIPES, transaction
from crm.errors import Invalid, NotThere, Refused
from crm.roles import visible_to
from leads import bulk, inbox
from leads.bulk import Wanted, acts, showing, working
from leads.bulk.asking import StaysDone, WrongStep
from leads.inbox.dispositions import Said
from leads.offers import PERSON_LOCKS
from tests.cast import (
    LI,
    MINUTE,
    NOON,
    a_lead,
    another_phone,
    colleague,
    fetch,
    offers_of,
    open_chengdu,
    person_of,
    says,
    stands,
    value,
    wants,
    work,
)
from tests.saying import accepted, give, the_offer

LATER = NOON + MINUTE


@pytest.fixture(autouse=True)
async def three_stores(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def scope_of(role="alliance_marketer", *, brand=None):
    return visible_to(await colleague(role, brand=brand))


async def leads_of(count, *, brand="aito", consents=False):
    """So many people's leads for this brand, held without consent unless they agreed."""
    agreed = [says(True, brand)] if consents else []
    return [
        await a_lead(
            person={"name": "王建国", "phone": another_phone(number)}, interests=[wants(brand)], consents=agreed
        )
        for number in range(count)
    ]


async def start(wanted, leads, scope, *, key=None):
    async with transaction():
        chosen = await bulk.select(scope, at=NOON, leads=leads)
        return await bulk.start(key or uuid4(), wanted, chosen.leads, scope=scope, at=NOON)


async def shown(job, scope):
    async with transaction():
        return await showing.one(job, actor=scope.actor)


async def undo(job, scope):
    async with transaction():
        await bulk.undo(job, actor=scope.actor, at=LATER)
    await work(LATER)


async def effect(wanted, leads, scope):
    async with transaction():
        known = await bulk.check(wanted, scope=scope, at=NOON)
        return await bulk.effect(wanted, known, leads, scope=scope)


async def met(campaign, as_of):
    """How many registered with a campaign, how many people that were, and how many leads."""
    async with transaction():
        reach = (await reports.performance(campaign, as_of=as_of)).total
    return reach.registered, reach.people, reach.leads


async def everything_of(leads):
    """What undo has to give back."""
    return await fetch(
        "select interest.id, stage, interest.hold, due_at, joined, lead.campaign from interest join lead on lead.id = lead"
        " where lead = any($1::uuid[]) order by interest.id",
        leads,
    )


async def test_what_a_preview_counts_is_what_happens():
    held, offered = await leads_of(2), [await a_lead(person=LI)]
    scope, leads = await scope_of(), [*held, *offered]
    await start(Wanted(kind="hold"), held[:1], scope)
    await work()

    foreseen = await effect(Wanted(kind="hold"), leads, scope)
    job = await start(Wanted(kind="hold"), leads, scope)
    await work()

    done = await shown(job, scope)
    assert (foreseen.changed, foreseen.skipped) == (2, {"nothing_to_hold": 1})
    assert done.fates == {"done": 2, "skipped": 1}
    assert done.state == "done"
    assert [await stands(lead) for lead in leads] == [[("identified", "spam")]] * 3


async def test_held_as_spam_and_undone_everything_stands_where_it_stood():
    leads, scope = await leads_of(3), await scope_of()
    before = await everything_of(leads)

    job = await start(Wanted(kind="hold"), leads, scope)
    await work()
    assert await everything_of(leads) != before
    await undo(job, scope)

    assert await everything_of(leads) == before
    assert (await shown(job, scope)).fates == {"undone": 3}


async def test_a_consent_given_while_a_lead_was_spam_counts_when_that_is_undone():
    [lead], scope = await leads_of(1), await scope_of()
    job = await start(Wanted(kind="hold"), [lead], scope)
    await work()
    await give(await person_of(lead), at=LATER)
    await work(LATER)

    await undo(job, scope)

    assert await stands(lead) == [("offered", None)]


async def test_a_release_is_undone_where_no_store_has_it_yet():
    held, agreed = await leads_of(1), [await a_lead(person=LI)]
    scope, leads = await scope_of(), [*held, *agreed]
    await start(Wanted(kind="hold"), leads, scope)
    await work()

    job = await start(Wanted(kind="release"), leads, scope)
    await work()
    assert await stands(agreed[0]) == [("offered", None)]
    await undo(job, scope)

    assert await stands(held[0]) == [("identified", "spam")]
    assert await stands(agreed[0]) == [("offered", None)]
    assert (await shown(job, scope)).fates == {"undone": 1, "kept": 1}


async def test_a_campaign_is_given_counted_and_given_back():
    leads, scope = await leads_of(2), await scope_of()
    before = await everything_of(leads)
    async with transaction() as connection:
        await connection.execute(
            "insert into campaign (code, name, status, time_zone, created_at, version)"
            " values ('spring', 'Spring', 'found', 'Asia/Shanghai', $1, 1)",
            NOON,
        )

    job = await start(Wanted(kind="campaign", campaign="spring"), leads, scope)
    await work()
    assert await value("select count(distinct campaign) from milestone where retracted_at is null") == 1
    await undo(job, scope)

    assert await everything_of(leads) == before


async def test_what_a_dealer_tells_while_a_campaign_is_given_is_lost_by_neither():
    [lead], scope = await leads_of(1, consents=True), await scope_of()
    await accepted(lead, at=NOON + MINUTE)
    async with transaction() as connection:
        await connection.execute(
            "insert into campaign (code, name, status, time_zone, created_at, version)"
            " values ('spring', 'Spring', 'found', 'Asia/Shanghai', $1, 1)",
            NOON,
        )
    told = asyncio.Event()

    async def dealer_tells():
        offer, its_dealer = await the_offer(lead)
        async with transaction():
            await inbox.dispose(offer, Said(kind="contacted", at=LATER), dealer=its_dealer, at=LATER + MINUTE)
            told.set()
            await asyncio.sleep(0.3)

    async def campaign_is_given():
        await told.wait()
        await start(Wanted(kind="campaign", campaign="spring"), [lead], scope)
        await work(LATER + 2 * MINUTE)

    await asyncio.gather(dealer_tells(), campaign_is_given())

    standing = await fetch(
        "select kind, campaign.code from milestone join campaign on campaign.id = campaign where retracted_at is null"
    )
    assert sorted(tuple(row) for row in standing) == [(fact, "spring") for fact in (1, 2, 3, 4)]


async def test_the_report_of_a_campaign_given_in_bulk_counts_the_visit_with_the_lead_and_the_past_keeps_its_own():
    leads, scope = await leads_of(2), await scope_of()
    async with transaction() as connection:
        await occasions.campaign_of("spring", at=NOON)
        former = await connection.fetchval(
            "select campaign.code from lead join campaign on campaign.id = campaign limit 1"
        )

    job = await start(Wanted(kind="campaign", campaign="spring"), leads, scope)
    await work(LATER)

    assert [await met(former, LATER), await met("spring", LATER)] == [(0, 0, 0), (2, 2, 2)]
    assert [await met(former, NOON), await met("spring", NOON)] == [(2, 2, 2), (0, 0, 0)]
    async with transaction():
        await bulk.undo(job, actor=scope.actor, at=LATER + MINUTE)
    await work(LATER + MINUTE)
    assert [await met(former, LATER + MINUTE), await met("spring", LATER + MINUTE)] == [(2, 2, 2), (0, 0, 0)]


async def test_notes_and_tasks_are_taken_back_unless_somebody_did_them():
    leads, scope = await leads_of(2), await scope_of()
    note = await start(Wanted(kind="note", text="call in the evening"), leads, scope)
    task = await start(Wanted(kind="task", text="call them", assignee=scope.actor.id), leads, scope)
    await work()
    async with transaction() as connection:
        await connection.execute("update staff_task set done_at = $2 where subject = $1", leads[0], NOON)

    await undo(note, scope)
    await undo(task, scope)

    assert await value("select count(*) from staff_note where retracted_at is null") == 0
    assert [row["subject"] for row in await fetch("select subject from staff_task")] == [leads[0]]
    assert (await shown(task, scope)).fates == {"undone": 1, "kept": 1}


async def test_whoever_is_given_many_tasks_hears_of_them_once():
    leads, scope, other = await leads_of(3), await scope_of(), await colleague("alliance_marketer")

    await start(Wanted(kind="task", text="call them", assignee=other.id), leads, scope)
    await work()

    assert await value("select count(*) from notification where staff = $1", other.id) == 1
    assert await value("select kind from notification where staff = $1", scope.actor.id) == "bulk_done"


async def test_offers_go_to_the_chosen_store_and_each_refusal_says_why():
    agreed, held = await leads_of(1, consents=True), [await a_lead(person=LI, consents=[])]
    luxeed = [
        await a_lead(person={"name": "杜泽鹏", "phone": another_phone(77)}, interests=[wants("luxeed")], consents=[])
    ]
    scope, [(store, _)] = await scope_of(), await offers_of(agreed[0])
    other = "S2" if store == "S1" else "S1"

    job = await start(Wanted(kind="offer", store=other, reason="person_asked"), [*agreed, *held, *luxeed], scope)
    await work()

    assert set(await offers_of(agreed[0])) == {(store, "withdrawn"), (other, "offered")}
    assert (await shown(job, scope)).fates == {"done": 1, "error": 1, "skipped": 1}
    async with transaction():
        [wrong] = (await showing.lines(job, fate="error", scope=scope)).items
        file = await showing.error_file(job, scope=scope)
    assert "did not agree" in wrong.why
    assert str(held[0]) in file
    assert str(luxeed[0]) in file


async def test_offers_made_in_bulk_are_taken_back_but_withdrawn_ones_stay_withdrawn():
    leads, scope = await leads_of(2, consents=True), await scope_of()  # one at each store
    offering = await start(Wanted(kind="offer", store="S2", reason="store_agreed"), leads, scope)
    await work()
    assert (await shown(offering, scope)).fates == {"done": 1, "error": 1}
    await undo(offering, scope)
    assert sorted([await stands(lead) for lead in leads]) == [[("alliance_queue", None)], [("offered", None)]]

    withdrawing = await start(Wanted(kind="withdraw", reason="no_answer"), leads, scope)
    await work()

    assert (await shown(withdrawing, scope)).fates == {"done": 1, "skipped": 1}
    assert [await stands(lead) for lead in leads] == [[("alliance_queue", None)]] * 2
    with pytest.raises(StaysDone):
        await undo(withdrawing, scope)


async def test_the_same_form_twice_is_one_job():
    leads, scope, key = await leads_of(1), await scope_of(), uuid4()

    first = await start(Wanted(kind="note", text="once"), leads, scope, key=key)
    again = await start(Wanted(kind="note", text="once"), leads, scope, key=key)
    await work()

    assert first == again
    assert await value("select count(*) from staff_note") == 1
    with pytest.raises(NotThere):
        await start(Wanted(kind="note", text="once"), leads, await scope_of(), key=key)


async def test_killed_between_two_leads_it_goes_on_and_does_none_twice(monkeypatch):
    leads, scope = await leads_of(4), await scope_of()
    job = await start(Wanted(kind="note", text="once"), leads, scope)
    told: list[object] = []

    async def die(running, lead, *, at):
        if len(told) == 2:
            raise SystemExit  # as a kill does: nothing of ours may catch it
        told.append(lead)
        return await doing(running, lead, at=at)

    doing = acts.do
    with monkeypatch.context() as killed, suppress(SystemExit):
        killed.setattr(acts, "do", die)
        await working.advance(NOON)
    assert (await shown(job, scope)).fates == {"done": 2}
    assert (await shown(job, scope)).state == "queued"

    await work()

    assert (await shown(job, scope)).fates == {"done": 4}
    assert await value("select count(distinct subject) from staff_note") == 4
    assert await value("select count(*) from staff_note") == 4


async def test_a_lead_that_fails_by_our_mistake_stands_alone(monkeypatch):
    leads, scope = await leads_of(3), await scope_of()
    job = await start(Wanted(kind="note", text="once"), leads, scope)
    doing = acts.do

    async def stumble(running, lead, *, at):
        if lead == leads[1]:
            raise ZeroDivisionError
        return await doing(running, lead, at=at)

    with monkeypatch.context() as clumsy:
        clumsy.setattr(acts, "do", stumble)
        await work()

    assert (await shown(job, scope)).fates == {"done": 2, "error": 1}


async def test_stopped_it_does_nothing_more_and_what_is_done_can_be_undone(monkeypatch):
    leads, scope = await leads_of(3), await scope_of()
    job = await start(Wanted(kind="note", text="once"), leads, scope)
    monkeypatch.setattr(working, "BATCH", 1)
    await working.advance(NOON)

    async with transaction():
        await bulk.cancel(job, actor=scope.actor, at=NOON)
    await work()

    assert (await shown(job, scope)).fates == {"done": 1}
    with pytest.raises(WrongStep):
        async with transaction():
            await bulk.cancel(job, actor=scope.actor, at=NOON)
    await undo(job, scope)
    assert await value("select count(*) from staff_note where retracted_at is null") == 0


@asynccontextmanager
async def in_the_way_of(person):
    """Another connection has this person in hand: whoever decides on them waits."""
    connection = await asyncpg.connect(DB.config["dsn"])
    held = connection.transaction()
    await held.start()
    stripe = zlib.crc32(str(person).encode()) % STRIPES
    await connection.execute("select pg_advisory_xact_lock($1, $2)", PERSON_LOCKS, stripe)
    yield
    await held.rollback()
    await connection.close()


async def test_an_undo_is_not_over_while_another_worker_has_a_lead_of_the_job_in_hand():
    [lead], scope = await leads_of(1), await scope_of()
    job = await start(Wanted(kind="hold"), [lead], scope)

    async with in_the_way_of(await person_of(lead)):
        slow = asyncio.create_task(working.advance(NOON))
        await asyncio.sleep(0.3)
        async with transaction():
            await bulk.cancel(job, actor=scope.actor, at=NOON)
            await bulk.undo(job, actor=scope.actor, at=LATER)
        await working.advance(LATER)
        assert (await shown(job, scope)).state == "undoing"
    await slow
    await work(LATER)

    assert await stands(lead) == [("identified", "no_consent")]
    assert ((await shown(job, scope)).state, (await shown(job, scope)).fates) == ("undone", {"undone": 1})


async def test_a_failure_that_is_told_late_does_not_hide_what_another_worker_did():
    [lead], scope = await leads_of(1), await scope_of()
    job = await start(Wanted(kind="note", text="once"), [lead], scope)
    await work()

    await working._write_failure(await value("select id from bulk_row"), fate="error", instead_of=None)

    assert (await shown(job, scope)).fates == {"done": 1}


async def test_what_was_taken_from_somebody_is_not_done_in_their_name():
    leads, scope = await leads_of(1), await scope_of()
    job = await start(Wanted(kind="note", text="once"), leads, scope)
    async with transaction() as connection:
        await connection.execute("update staff set role = 'auditor' where id = $1", scope.actor.id)

    await work()

    assert (await shown(job, scope)).fates == {"error": 1}
    assert await value("select count(*) from staff_note") == 0


async def test_typed_words_are_sealed_in_the_job():
    await start(Wanted(kind="note", text="lives at the river"), await leads_of(1), await scope_of())

    assert "river" not in await value("select params::text from bulk")


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Wanted(kind="offer", store="S9", reason="nearer"), "store"),
        (Wanted(kind="offer", store="S1", reason="whim"), "reason"),
        (Wanted(kind="withdraw", reason="other"), "words"),
        (Wanted(kind="campaign", campaign="nowhere"), "campaign"),
        (Wanted(kind="note", text=""), "text"),
        (Wanted(kind="task", text="call", assignee=987654), "assignee"),
    ],
)
async def test_what_cannot_be_done_is_refused_before_anything_is_counted(wanted, field):
    with pytest.raises(Invalid) as refused:
        await effect(wanted, await leads_of(1), await scope_of())

    assert [fault["path"] for fault in refused.value.errors] == [field]


async def test_a_brands_marketer_never_touches_or_counts_another_brands_leads():
    """Property: ticked by id, matched by a query, previewed or run: LUXEED's leads stay as they are for AITO's marketer."""
    mine, theirs = await leads_of(2), [await a_lead(person=LI, interests=[wants("luxeed")], consents=[])]
    shared = await a_lead(
        person={"name": "杜泽鹏", "phone": another_phone(55)}, interests=[wants(), wants("luxeed")], consents=[]
    )
    scope, before = await scope_of("brand_marketer", brand="aito"), await everything_of(theirs)
    async with transaction():
        ticked = await bulk.select(scope, at=NOON, leads=[*mine, *theirs, shared])
        matched = await bulk.select(scope, at=NOON, query="")
        asked_for = await bulk.select(scope, at=NOON, query="brand=luxeed")
    assert set(ticked.leads) == set(matched.leads) == {*mine, shared}
    assert not set(asked_for.leads) & set(theirs)

    for wanted in (Wanted(kind="hold"), Wanted(kind="note", text="seen"), Wanted(kind="release")):
        # Even a job whose rows were forged touches nothing out of its starter's sight.
        async with transaction():
            job = await bulk.start(uuid4(), wanted, [*mine, *theirs, shared], scope=scope, at=NOON)
        await working.advance(NOON)
        await working.advance(NOON)
        assert (await shown(job, scope)).fates == {"done": 3, "skipped": 1}
        async with transaction():
            lines = await showing.lines(job, fate="skipped", scope=scope)
        assert [(line.lead, line.number) for line in lines.items] == [(None, None)]

    assert await everything_of(theirs) == before
    assert await value("select count(*) from staff_note where subject = any($1::uuid[])", theirs) == 0
    assert "spam" not in [
        row["hold"] for row in await fetch("select hold from interest where lead = $1 and rank = 2", shared)
    ]


async def test_a_job_of_somebody_else_is_not_there():
    job = await start(Wanted(kind="note", text="mine"), await leads_of(1), await scope_of())
    other = await scope_of()

    for act in (showing.one(job, actor=other.actor), bulk.cancel(job, actor=other.actor, at=NOON)):
        with pytest.raises(Refused):
            async with transaction():
                await act
