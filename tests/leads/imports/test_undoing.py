"""An import undone: the house as it was before, and nothing that others made is touched."""

import pytest
from msgspec import UNSET

from crm import notes, people
from crm.database import current, insert, transaction
from crm.ids import uuid7
from crm.roles import visible_to
from leads import alliance, imports, inbox, rechecks, steering
from leads.imports import asking, undoing, working
from leads.imports.undoing import CannotUndo
from leads.tables import Recheck
from tests.cast import (
    DAY,
    MINUTE,
    WANG,
    another_phone,
    dealer,
    fetch,
    open_chengdu,
    person_of,
    registration,
    says,
    send,
    stands,
    value,
    work,
)
from tests.leads.imports.sheets import (
    AFTER_THE_SHOWS,
    brought_in,
    differences,
    fates_of,
    line,
    marketer,
    seen,
    sheet,
    state_of,
    undone,
)

LATER = AFTER_THE_SHOWS + DAY


@pytest.fixture
async def actor(clean_tables, tmp_path):
    await open_chengdu(tmp_path)
    return await marketer()


async def enquiry(*, at=AFTER_THE_SHOWS, **facts):
    """Somebody else's lead, from the web, and what became of it."""
    [outcome] = await send(registration(captured_at=at.isoformat(), **facts), by="web", at=at)
    await work(at)
    return outcome.lead_id


async def accept_one(at=AFTER_THE_SHOWS + MINUTE):
    """A store takes the oldest open offer; answers its lead."""
    [offer] = await fetch(
        "select offer.id, dealer.code, interest.lead from offer join dealer on dealer.id = offer.dealer"
        " join interest on interest.id = offer.interest where offer.state = 'offered' order by offer.id limit 1"
    )
    its_dealer = await dealer(offer["code"])
    async with transaction():
        await inbox.accept(offer["id"], dealer=its_dealer, at=at)
    return offer["lead"]


async def feed_of(code):
    """Everything in a dealer's feed."""
    reader = await dealer(code)
    async with transaction():
        return await inbox.changes(reader, after=0)


async def kept_reasons(import_id):
    rows_kept = await fetch("select reason from import_row where import_id = $1 and fate = 'kept'", import_id)
    return [row["reason"] for row in rows_kept]


async def test_an_undone_import_leaves_the_house_as_it_was(actor):
    await send(registration(), registration(person={"name": "李娜萌", "phone": "13912345671"}), at=AFTER_THE_SHOWS)
    await work(AFTER_THE_SHOWS)
    before = await seen()

    known = line(31, phone=WANG["phone"], name=WANG["name"])
    shared = [line(40, phone="13900001111", name="王建国"), line(41, phone="13900001111", name="李芳芳")]
    import_id = await brought_in(sheet(*(line(n) for n in range(30)), known, *shared), actor=actor)
    await work(AFTER_THE_SHOWS)
    assert await value("select count(*) from offer where state = 'offered'") > 20
    await undone(import_id, actor=actor)
    await work(AFTER_THE_SHOWS)

    assert differences(before, await seen()) == {}
    assert (await state_of(import_id), await fates_of(import_id)) == ("undone", {"undone": 33})


async def test_with_others_at_work_meanwhile_exactly_the_imports_own_rows_go(actor):
    import_id = await brought_in(sheet(*(line(n) for n in range(20))), actor=actor)
    await work(AFTER_THE_SHOWS)
    kept_lead = await accept_one()
    names = ("杜泽鹏", "李娜萌", "王建国")
    theirs = [
        await enquiry(person={"name": name, "phone": another_phone(500 + n)}, at=LATER) for n, name in enumerate(names)
    ]

    await undone(import_id, actor=actor, at=LATER)
    await work(LATER)

    leads = {row["id"] for row in await fetch("select id from lead")}
    assert leads == {*theirs, kept_lead}
    assert await kept_reasons(import_id) == [undoing.KEPT["accepted"]]
    assert [stage for lead in theirs for stage, _ in await stands(lead)] == ["offered"] * 3
    assert await value("select count(*) from person where merged_into is null") == len(
        {await person_of(lead) for lead in leads}
    )
    assert await value("select sum(offered) from store_day") == 4
    assert await value("select sum(credit) from store_credit") == 0


async def test_whoever_came_again_by_another_way_stays_with_what_they_said_there(actor):
    import_id = await brought_in(sheet(line(1, name=WANG["name"], phone=WANG["phone"])), actor=actor)
    await work(AFTER_THE_SHOWS)
    lead = await enquiry(person=WANG, at=AFTER_THE_SHOWS + MINUTE)
    assert await value("select joined is not null from interest where lead = $1", lead)

    await undone(import_id, actor=actor, at=LATER)
    await work(LATER)

    assert await stands(lead) == [("offered", None)]
    assert await value("select joined from interest where lead = $1", lead) is None
    assert await value("select count(*) from link where closed_at is null") == 1


async def test_what_a_row_said_no_to_counts_no_more(actor):
    lead = await enquiry(person=WANG, interests=[{"kind": "buy", "brand": "aito"}], consents=[says(True, "aito")])
    assert await stands(lead) == [("offered", None)]
    import_id = await brought_in(
        sheet(line(1, name=WANG["name"], phone=WANG["phone"], at="2026-01-01 12:05", dealer="否")), actor=actor
    )
    await work(AFTER_THE_SHOWS)
    assert await stands(lead) == [("identified", "no_consent")]

    await undone(import_id, actor=actor, at=LATER)
    await work(LATER)

    assert await stands(lead) == [("offered", None)]


async def test_persons_whom_the_machine_merged_because_of_a_row_are_two_again(actor):
    first = await enquiry(person={"name": "杜泽鹏", "phone": "13512345670"})
    second = await enquiry(person={"name": "杜泽鹏", "email": "sunny@qq.com"})
    before = await seen()
    bridge = line(1, name="杜泽鹏", phone="13512345670", email="sunny@qq.com")
    import_id = await brought_in(sheet(bridge, line(2)), actor=actor)
    assert await person_of(first) == await person_of(second)

    await undone(import_id, actor=actor)
    await work(AFTER_THE_SHOWS)

    assert differences(before, await seen()) == {}
    assert await value("select count(*) from no_merge") == 0


async def test_persons_whom_the_import_brought_and_merged_itself_are_gone(actor):
    rows_of_one = [
        line(1, name="杜泽鹏", phone="13512345670"),
        line(2, name="杜泽鹏", phone="", email="sunny@qq.com"),
        line(3, name="杜泽鹏", phone="13512345670", email="sunny@qq.com"),
    ]
    import_id = await brought_in(sheet(*rows_of_one), actor=actor)
    assert await value("select count(*) from merge where undone_at is null") == 1

    await undone(import_id, actor=actor)

    assert [await value(f"select count(*) from {table}") for table in ("person", "merge", "link", "decision")] == [
        0
    ] * 4


async def test_what_somebody_merged_or_noted_stays_and_is_listed_with_the_reason(actor):
    person = await person_of(await enquiry(person={"name": "杜泽鹏", "phone": "13512345670"}))
    import_id = await brought_in(sheet(line(1), line(2), line(3)), actor=actor)
    leads = await fetch(
        "select lead.id, person from lead join observation on observation.id = lead.observation"
        " where row_no in (2, 3) order by row_no"
    )
    async with transaction():
        await people.merge(leads[0]["person"], person, actor="staff:1", reason="seen", at=LATER)
        await notes.write("lead", leads[1]["id"], text="calls back on Monday", by=actor, at=LATER)

    await undone(import_id, actor=actor, at=LATER)

    assert sorted(await kept_reasons(import_id)) == sorted([undoing.KEPT["merged"], undoing.KEPT["worked"]])
    assert await fates_of(import_id) == {"undone": 1, "kept": 2}


async def offered_by_hand(actor, _lead):
    [(interest, store)] = await current().fetch(
        "select interest, store.code from offer join store on store.id = offer.store"
    )
    other = "S2" if store == "S1" else "S1"
    await steering.offer(interest, store=other, reason="nearer", scope=visible_to(actor), at=LATER)


async def taken_from_the_alliance_queue(actor, _lead):
    offer = await current().fetchval("select id from offer")
    await steering.take_back(offer, reason="no_answer", scope=visible_to(actor), at=LATER)
    task = await current().fetchval("select id from alliance_task")
    await alliance.take(task, scope=visible_to(actor), at=LATER)


async def marked_as_spam(actor, lead):
    await steering.mark_spam(lead, scope=visible_to(actor), at=LATER)


async def checked_again(actor, lead):
    [(interest, brand)] = await current().fetch("select id, brand from interest where lead = $1", lead)
    made = Recheck(id=uuid7(LATER), interest=interest, brand=brand, drawn_on=LATER.date(), drawn_at=LATER)
    await insert([made])
    await rechecks.confirm(made.id, note=None, scope=visible_to(actor), at=LATER)


@pytest.mark.parametrize("act", [offered_by_hand, taken_from_the_alliance_queue, marked_as_spam, checked_again])
async def test_what_staff_did_to_a_wish_keeps_its_lead_and_the_preview_says_so(actor, act):
    import_id = await brought_in(sheet(line(1)), actor=actor)
    await work(AFTER_THE_SHOWS)
    async with transaction():
        await act(actor, await current().fetchval("select id from lead"))
    async with transaction():
        would = await undoing.preview(import_id)

    await undone(import_id, actor=actor, at=LATER)

    assert would == (0, {undoing.KEPT["steered"]: 1})
    assert await kept_reasons(import_id) == [undoing.KEPT["steered"]]
    assert await value("select count(*) from lead") == 1


async def test_what_stays_goes_on_its_way_though_the_rest_was_stopped(actor):
    import_id = await brought_in(sheet(line(1), line(2)), actor=actor)
    [lead] = await fetch(
        "select lead.id from lead join observation on observation.id = lead.observation where row_no = 2"
    )
    async with transaction():
        await notes.write("lead", lead["id"], text="calls back on Monday", by=actor, at=LATER)
        await asking.undo(import_id, actor=actor, at=LATER)
    assert await value("select count(*) from interest where due_at is not null") == 0

    await work(LATER)

    assert await fates_of(import_id) == {"undone": 1, "kept": 1}
    assert await stands(lead["id"]) == [("offered", None)]
    assert await value("select count(*) from offer") == 1


async def test_a_dealer_hears_that_an_offer_came_back_and_nothing_of_the_person(actor):
    import_id = await brought_in(sheet(line(1)), actor=actor)
    await work(AFTER_THE_SHOWS)
    [code] = [
        row["code"] for row in await fetch("select dealer.code from offer join dealer on dealer.id = offer.dealer")
    ]

    await undone(import_id, actor=actor, at=LATER)

    page = await feed_of(code)
    assert [(item.type, item.offer.state, item.offer.reason) for item in page.items] == [
        ("offered", "withdrawn", "import_undone"),
        ("withdrawn", "withdrawn", "import_undone"),
    ]
    shown = page.items[1].offer
    assert (shown.kind, shown.model, bool(shown.lead.id)) == ("buy", "M9", True)


async def test_an_offer_that_had_expired_is_still_read_from_the_feed(actor):
    import_id = await brought_in(sheet(line(1)), actor=actor)
    await work(AFTER_THE_SHOWS)
    await work(AFTER_THE_SHOWS + 50 * MINUTE)
    await undone(import_id, actor=actor, at=LATER)

    read = [item.offer for code in ("D1", "D2") for item in (await feed_of(code)).items]
    assert {offer.state for offer in read} == {"expired", "withdrawn"}
    assert [offer.lead.person for offer in read] == [UNSET] * len(read)


async def test_the_same_file_can_be_imported_again(actor):
    content = sheet(line(1), line(2))
    await undone(await brought_in(content, actor=actor), actor=actor)

    again = await brought_in(content, actor=actor)

    assert await fates_of(again) == {"created": 2}


async def test_an_undo_that_was_cut_off_is_finished_by_the_next_worker(actor, monkeypatch):
    before = await seen()
    import_id = await brought_in(sheet(*(line(n) for n in range(7))), actor=actor)
    await work(AFTER_THE_SHOWS)
    monkeypatch.setattr(undoing, "BATCH", 3)
    async with transaction():
        await asking.undo(import_id, actor=actor, at=LATER)
    assert await working.advance(LATER) == 3
    assert await fates_of(import_id) == {"undone": 3, "created": 4}

    await work(LATER)

    assert differences(before, await seen()) == {}


async def test_an_import_from_the_command_line_is_undone_as_well(actor):
    before = await seen()
    await imports.run(sheet(line(1), line(2)), source_code="desk", mode="offer", at=AFTER_THE_SHOWS)
    import_id = await value("select id from import")

    told = await imports.undo(import_id)

    assert told == (2, {})
    assert differences(before, await seen()) == {}


async def test_what_runs_or_was_undone_cannot_be_undone(actor):
    import_id = await brought_in(sheet(line(1)), actor=actor)
    await undone(import_id, actor=actor)

    with pytest.raises(CannotUndo):
        await undone(import_id, actor=actor)


async def test_the_preview_says_what_the_undo_does(actor):
    import_id = await brought_in(sheet(line(1), line(2)), actor=actor)
    await work(AFTER_THE_SHOWS)
    await accept_one()

    async with transaction():
        would = await undoing.preview(import_id)
    await undone(import_id, actor=actor)
    async with transaction():
        was = await undoing.outcome(import_id)

    assert would == was == (1, {undoing.KEPT["accepted"]: 1})


# Whatever points to what an undo deletes must be deleted before, or kept without: a new table comes here with its answer.
# Registrations and the leads made of them come from no import of leads.
KNOWN = {
    "lead": {"interest", "trade_in", "fan_out", "fan_out_wish"},
    "interest": {"alliance_task", "recheck", "fan_out_wish"},
    "observation": {
        "decision",
        "identity_key",
        "link",
        "review_task",
        "ownership",
        "search_key",
        "lead",
        "import_row",
        "registration",
    },
    "person": {"person", "merge", "change", "no_merge", "decision", "link", "review_task", "ownership", "lead"},
    "link": {"merged_link"},
    "decision": {"link", "review_task"},
    "submission": {"raw_payload"},
}


async def test_every_table_that_refers_to_what_an_undo_deletes_is_known_to_it(actor):
    found = await fetch(
        "select confrelid::regclass::text as deleted, conrelid::regclass::text as refers from pg_constraint"
        " where contype = 'f' and confrelid = any($1::text[]::regclass[])",
        list(KNOWN),
    )

    referring: dict[str, set[str]] = {deleted: set() for deleted in KNOWN}
    for row in found:
        referring[row["deleted"]].add(row["refers"])
    assert referring == KNOWN


@pytest.mark.parametrize(("hold", "attempts"), [("no_capacity", 0), (None, 3)])
async def test_what_is_kept_goes_on_waiting_as_before(actor, hold, attempts):
    import_id = await brought_in(sheet(line(1)), actor=actor)
    lead = await value("select id from lead")
    async with transaction() as connection:
        await connection.execute("update interest set hold = $1, attempts = $2, due_at = $3", hold, attempts, LATER)
        await notes.write("lead", lead, text="call back", by=actor, at=AFTER_THE_SHOWS)

    await undone(import_id, actor=actor)

    assert await kept_reasons(import_id) == [undoing.KEPT["worked"]]
    assert await value("select due_at is not null from interest where lead = $1", lead)


@pytest.fixture
async def unbreakable_submissions(actor):
    """A mistake of ours, as far as an undo can tell: nothing that was sent can be deleted."""
    async with transaction() as connection:
        await connection.execute(
            """
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
            create trigger refuse before delete on submission for each row execute function refuse();
            """
        )
    yield
    async with transaction() as connection:
        await connection.execute("drop trigger refuse on submission; drop function refuse()")


@pytest.mark.usefixtures("unbreakable_submissions")
async def test_an_undo_that_breaks_leaves_nothing_waiting_for_ever(actor):
    import_id = await brought_in(sheet(line(1)), actor=actor)

    await undone(import_id, actor=actor)

    assert await state_of(import_id) == "failed"
    assert await stands(await value("select id from lead")) == [("identified", None)]
    assert await value("select due_at is not null from interest")
