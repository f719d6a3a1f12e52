"""Lists of guests: foreseen, brought in row by row, told when somebody says so, and taken back."""

import asyncio
import csv
import io
import json
from datetime import timedelta

import pytest

from campaigns import guest_messages, registering
from crm import consent, notes
from crm.database import current, transaction
from crm.errors import Refused
from leads.imports import asking, showing, undoing, working
from leads.imports import guests as lists
from leads.registrations import become_leads
from tests.campaigns.registering.coming import a_slot, an_event, comes
from tests.cast import DAY, MINUTE, NOON, WANG, colleague, fetch, open_chengdu, value
from tests.cast import work as everything
from tests.leads.imports import sheets
from tests.leads.imports.guest_lists import begun, brought_in, checked, guest, guests, reasons_of, seen, told
from tests.leads.imports.sheets import differences, fates_of, marketer, state_of, undone, work


@pytest.fixture
async def actor(clean_tables):
    return await marketer()


async def everything_seen():
    return await sheets.seen() | await seen()


async def test_a_dry_run_tells_every_fate_and_writes_nothing_else(actor):
    event = await an_event(capacity=3)
    await comes(event)
    before = await everything_seen()
    rows = [guest(1), guest(2), guest(1), guest(3), guest(4, phone="1.38E+10"), guest(5, car="问界M99")]

    import_id = await checked(guests(*rows), event, actor=actor)

    assert (await state_of(import_id), await fates_of(import_id)) == (
        "checked",
        {"place": 2, "duplicate": 1, "line": 1, "error": 2},
    )
    assert differences(before, await everything_seen()) == {}


async def test_the_run_does_what_the_dry_run_said_and_no_place_is_given_twice(actor):
    event = await an_event(capacity=3)
    await comes(event)
    rows = [guest(1), guest(2), guest(1), guest(3), guest(4, phone="1.38E+10")]

    import_id = await brought_in(guests(*rows), event, actor=actor)

    fates = await fetch("select fate from import_row where import_id = $1 order by row_no", import_id)
    assert [row["fate"] for row in fates] == ["registered", "registered", "repeat", "waiting", "error"]
    assert await value("select taken from event") == 3
    assert await value("select count(*) from registration where state = 'waiting'") == 1


async def test_the_same_list_again_makes_nothing_and_a_mended_one_the_rest(actor):
    event = await an_event()
    first = await brought_in(guests(guest(1), guest(2, phone="1.38E+10")), event, actor=actor)
    async with transaction():
        content = (await showing.error_file(first)).decode("utf-8-sig")
    assert [row[1] for row in csv.reader(io.StringIO(content))] == ["嘉宾编号", "G0002"]

    mended = await brought_in(content.replace("1.38E+10", "13911120002").encode(), event, actor=actor)
    again = await brought_in(guests(guest(1), guest(2, phone="13911120002")), event, actor=actor)

    assert (await fates_of(mended), await fates_of(again)) == ({"registered": 1}, {"repeat": 2})
    assert await value("select count(*) from registration") == 2


async def test_a_list_needs_neither_numbers_nor_times(actor):
    event = await an_event()
    plain = "Name,Mobile,Language\nAnn,13911120001,en\nBo,13911120002,中文\n".encode()

    first, again = [await brought_in(plain, event, actor=actor) for _ in range(2)]

    assert (await fates_of(first), await fates_of(again)) == ({"registered": 2}, {"repeat": 2})
    assert [row["language"] for row in await fetch("select language from registration order by language")] == [
        "en",
        "zh",
    ]


async def test_guests_who_share_a_telephone_need_numbers_of_their_own(actor):
    event = await an_event()
    with_numbers = guests(guest(1, phone="13911120001"), guest(2, phone="13911120001"))
    without = "姓名,手机\n王一,13911120009\n李二,13911120009\n".encode()

    assert await fates_of(await brought_in(with_numbers, event, actor=actor)) == {"registered": 2}
    second = await brought_in(without, event, actor=actor)

    assert await reasons_of(second) == [(3, "repeat", f"手机: {lists.DIFFERS}")]


async def test_the_same_numbers_of_another_event_are_other_guests(actor):
    one, other = await an_event("tent"), await an_event("hall")

    for event in (one, other):
        assert await fates_of(await brought_in(guests(guest(1)), event, actor=actor)) == {"registered": 1}


async def test_answers_about_consent_count_from_when_they_were_given(actor):
    event = await an_event()
    await brought_in(guests(guest(1, at="2025-08-20 10:04", marketing="是", brand="否")), event, actor=actor)
    person = await value("select person from registration")

    async with transaction():
        standing = {one.purpose: one for one in (await consent.standing([person]))[person]}

    assert {purpose: one.state for purpose, one in standing.items()} == {
        "alliance_marketing": "given",
        "share_with_brand": "withdrawn",
    }
    assert f"{standing['alliance_marketing'].captured_at:%Y-%m-%d %H:%M}" == "2025-08-20 02:04"


async def test_an_old_list_does_not_bring_back_what_was_withdrawn_since(actor):
    event, aito = await an_event(), await value("select id from brand where code = 'aito'")
    came = await comes(event, person=WANG, at=NOON - 5 * DAY)
    async with transaction():
        await consent.withdraw(
            came.person, purpose="alliance_marketing", brands=[aito], at=NOON - 2 * DAY, actor="tester"
        )

    old = guest(1, name=WANG["name"], phone=WANG["phone"], at="2025-08-20 10:04")
    await brought_in(guests(old), event, actor=actor)

    assert await value("select count(distinct person) from link") == 1
    async with transaction():
        assert not consent.may_contact(
            (await consent.standing([came.person]))[came.person], brand=aito, channel="email"
        )


async def test_an_answer_without_its_time_is_an_error_and_a_row_without_answers_is_none(actor):
    event = await an_event()
    rows = [guest(1, at=""), guest(2, at="", marketing="", brand="")]

    import_id = await checked(guests(*rows), event, actor=actor)

    assert await fates_of(import_id) == {"place": 1, "error": 1}
    assert "Say when they agreed" in (await reasons_of(import_id))[0][2]


async def test_an_answer_for_no_brand_of_the_campaign_is_left_out_and_said(actor):
    event = await an_event(partners=("luxeed",))

    import_id = await brought_in(guests(guest(1)), event, actor=actor)

    assert await fates_of(import_id) == {"registered": 1}
    assert "No brand of this campaign is named" in (await reasons_of(import_id))[0][2]
    assert await value("select count(*) from consent") == 0


@pytest.mark.parametrize("typed", ["2025-08-30 14:00", "14:00", "14:00-14:40", "早场试驾"])
async def test_a_wanted_time_is_booked_by_its_beginning_or_its_name(actor, typed):
    event = await an_event()
    slot = await a_slot(event, places=1, name="早场试驾")
    await a_slot(event, places=1, starts_at=slot.starts_at + timedelta(hours=1))

    import_id = await brought_in(guests(guest(1, slot=typed), guest(2, slot=typed)), event, actor=actor)

    assert await fates_of(import_id) == {"registered": 2}
    booked = await fetch("select slot, state from booking order by state")
    assert [tuple(row) for row in booked] == [(slot.id, "confirmed"), (slot.id, "waiting")]
    assert await reasons_of(import_id) == [(3, "registered", f"预约时段: {lists.IN_LINE}")]


async def test_of_two_times_that_begin_together_the_car_tells_which(actor):
    event = await an_event()
    await a_slot(event, model="M9")
    luxeed = await a_slot(event, model="R7")
    rows = [guest(1, slot="14:00", car="智界R7"), guest(2, slot="14:00", car=""), guest(3, slot="15:00")]

    import_id = await brought_in(guests(*rows), event, actor=actor)

    assert [row["slot"] for row in await fetch("select slot from booking")] == [luxeed.id]
    assert [(number, fate) for number, fate, _ in await reasons_of(import_id)][:2] == [(3, "error"), (4, "error")]


async def test_times_are_read_on_the_clocks_of_the_campaign(actor):
    event = await an_event()
    async with transaction():
        await current().execute("update campaign set time_zone = 'Asia/Riyadh' where id = $1", event.campaign)
    await a_slot(event)

    import_id = await brought_in(guests(guest(1, slot="09:00", at="2025-08-20 10:04")), event, actor=actor)

    assert await fates_of(import_id) == {"registered": 1}
    assert f"{await value('select captured_at from observation'):%H:%M}" == "07:04"


async def test_a_brands_people_bring_in_guests_of_their_own_brand_alone(actor):
    event = await an_event(partners=("aito", "luxeed"))
    slot = await a_slot(event, model="R7")
    author = await colleague("brand_marketer", brand="aito")
    rows = [guest(1), guest(2, car="智界R7"), guest(3, car=""), guest(4, slot="14:00")]

    import_id = await brought_in(guests(*rows), event, actor=author)

    assert slot.brand is not None
    assert await fates_of(import_id) == {"registered": 2, "error": 2}
    wished = await fetch("select distinct brand.code from registration_wish join brand on brand.id = brand")
    assert [row["code"] for row in wished] == ["aito"]
    assert [number for number, _, _ in await reasons_of(import_id)] == [3, 5]


async def test_a_brands_list_tells_nothing_of_who_is_on_anothers(actor):
    event = await an_event(partners=("aito", "luxeed"))
    await brought_in(guests(guest(1, car="智界R7")), event, actor=await colleague("brand_marketer", brand="luxeed"))
    await brought_in(guests(guest(1, car="")), event, actor=actor)

    mine = await checked(guests(guest(1, car="")), event, actor=await colleague("brand_marketer", brand="aito"))

    assert await fates_of(mine) == {"place": 1}


async def test_nobody_is_written_to_before_somebody_says_so(actor):
    event = await an_event(capacity=2)
    await a_slot(event, places=1)
    import_id = await brought_in(guests(guest(1, slot="14:00"), guest(2), guest(3)), event, actor=actor)
    async with transaction():
        assert await lists.untold(import_id) == 3
    assert await value("select count(*) from guest_message") == 0

    assert [await told(import_id, actor=actor) for _ in range(2)] == [3, 0]

    kinds = await fetch("select kind, booking is not null as booked from guest_message where due_at <= $1", NOON)
    assert sorted(map(tuple, kinds)) == [("confirmed", False), ("confirmed", True), ("waiting", False)]
    assert await value("select count(*) from history_entry where action = 'guests_told'") == 1


async def test_an_undone_list_leaves_the_house_as_it_was(actor):
    event = await an_event(capacity=3)
    slot = await a_slot(event, places=1)
    await comes(event, person=WANG)
    before = await everything_seen()
    rows = [guest(1, slot="14:00"), guest(2, name=WANG["name"], phone=WANG["phone"]), guest(3), guest(4)]
    import_id = await brought_in(guests(*rows), event, actor=actor)
    assert (await value("select taken from event"), await value("select taken from slot")) == (3, 1)

    await undone(import_id, actor=actor, at=NOON)

    assert differences(before, await everything_seen()) == {}
    assert (await state_of(import_id), await fates_of(import_id)) == ("undone", {"undone": 4})
    again = await brought_in(guests(*rows), event, actor=actor)
    assert (await fates_of(again), slot.places) == ({"registered": 2, "waiting": 2}, 1)


async def test_places_that_an_undone_list_lets_go_are_for_those_who_wait(actor):
    event = await an_event(capacity=2)
    import_id = await brought_in(guests(guest(1), guest(2), guest(3)), event, actor=actor)
    waits = await comes(event)
    assert waits.state == "waiting"

    await undone(import_id, actor=actor, at=NOON + MINUTE)

    assert await value("select state from registration where id = $1", waits.id) == "confirmed"
    assert await value("select taken from event") == 1
    assert await fetch("select kind from guest_message where registration = $1 and kind = 'confirmed'", waits.id)


async def test_who_was_told_is_cancelled_and_told_so_and_who_was_there_stays(actor):
    event = await an_event()
    import_id = await brought_in(guests(guest(1), guest(2), guest(3)), event, actor=actor)
    first, second, third = [row["id"] for row in await fetch("select id from registration order by id")]
    async with transaction():
        await current().execute("delete from registration_wish")
        await registering.mark_attended(third, actor="tester", at=NOON)
    await told(import_id, actor=actor)
    async with transaction():
        await current().execute("delete from guest_message where registration = $1 and told_at is null", first)
    await guest_messages.advance(NOON)

    await undone(import_id, actor=actor, at=NOON)

    assert await fates_of(import_id) == {"undone": 1, "kept": 2}
    states = {row["id"]: row["state"] for row in await fetch("select id, state from registration")}
    assert states == {second: "cancelled", third: "confirmed"}
    assert [
        row["kind"]
        for row in await fetch("select kind from guest_message where told_at is null and due_at <= $1", NOON)
    ] == ["cancelled"]
    assert {reason for _, _, reason in await reasons_of(import_id)} == {undoing.KEPT["told"], undoing.KEPT["attended"]}


async def test_leads_that_came_of_a_list_go_with_it(actor, tmp_path):
    await open_chengdu(tmp_path)
    event = await an_event()
    before = await everything_seen()
    import_id = await brought_in(guests(guest(1), guest(2, dealer="是")), event, actor=actor)
    await become_leads(NOON)
    await everything(NOON)
    assert await value("select count(*) from lead") == 2
    assert await value("select count(*) from offer where state = 'offered'") == 1

    await undone(import_id, actor=actor, at=NOON)

    assert await fates_of(import_id) == {"undone": 2}
    assert differences(before, await everything_seen()) == {}


async def test_somebody_whom_people_worked_on_stays_with_the_reason(actor):
    event = await an_event()
    import_id = await brought_in(guests(guest(1), guest(2)), event, actor=actor)
    person = await value("select person from registration order by id limit 1")
    async with transaction():
        await notes.write("person", person, text="rang", by=actor, at=NOON)

    await undone(import_id, actor=actor, at=NOON)

    assert await fates_of(import_id) == {"undone": 1, "kept": 1}
    assert [reason for _, _, reason in await reasons_of(import_id)] == [undoing.KEPT["person_worked"]]
    assert [row["state"] for row in await fetch("select state from registration")] == ["confirmed"]


async def test_a_run_can_be_stopped_between_rows_and_gone_on_with(actor, monkeypatch):
    monkeypatch.setattr(lists, "AT_ONCE", 3)
    event = await an_event()
    import_id = await checked(guests(*(guest(n) for n in range(8))), event, actor=actor)
    async with transaction():
        await asking.start(import_id, actor=actor, at=NOON)
    assert await working.advance(NOON) == 3
    async with transaction():
        await asking.cancel(import_id, actor=actor, at=NOON)
    assert await work(NOON) == 0

    async with transaction():
        await asking.start(import_id, actor=actor, at=NOON)
    await work(NOON)

    assert (await state_of(import_id), await fates_of(import_id)) == ("done", {"registered": 8})


async def test_several_workers_bring_a_row_in_once(actor):
    event = await an_event(capacity=20)
    import_id = await checked(guests(*(guest(n) for n in range(30))), event, actor=actor)
    async with transaction():
        await asking.start(import_id, actor=actor, at=NOON)

    for _ in range(20):
        await asyncio.gather(*(working.advance(NOON) for _ in range(4)))

    assert await fates_of(import_id) == {"registered": 20, "waiting": 10}
    assert await value("select count(*) from registration") == 30
    assert (await state_of(import_id), await value("select taken from event")) == ("done", 20)


async def test_what_is_refused_as_it_comes_in_is_the_error_of_its_row(actor):
    event = await an_event()
    import_id = await checked(guests(guest(1), guest(2)), event, actor=actor)
    async with transaction():
        await asking.start(import_id, actor=actor, at=NOON)

    await work(NOON + 9 * DAY)

    assert await fates_of(import_id) == {"error": 2}
    assert (await reasons_of(import_id))[0][2].endswith(registering.EventOver.sentence)


async def test_an_event_that_is_over_and_a_list_that_is_too_long_are_refused(actor, monkeypatch):
    event = await an_event()
    with pytest.raises(registering.EventOver):
        await begun(guests(guest(1)), event, actor=actor, at=NOON + 9 * DAY)

    monkeypatch.setattr(lists, "MOST", 2)
    with pytest.raises(lists.TooManyGuests, match="3 rows") as wrong:
        await begun(guests(guest(1), guest(2), guest(3)), event, actor=actor)

    assert isinstance(wrong.value, Refused)
    assert await value("select count(*) from import") == 0


async def test_reasons_and_notes_name_columns_and_nothing_that_stood_in_them(actor):
    event = await an_event()
    rows = [
        guest(1, name="欧阳测", phone="12345", slot="欧阳场"),
        guest(2, name="欧阳测", language="欧阳语", car="欧阳车"),
    ]

    import_id = await checked(guests(*rows), event, actor=actor)

    kept = await fetch("select checked::text, mapping::text from import")
    said = json.dumps([await reasons_of(import_id), *map(list, kept)], ensure_ascii=False)
    assert "语言" in said
    assert not any(secret in said for secret in ("欧阳", "12345"))
