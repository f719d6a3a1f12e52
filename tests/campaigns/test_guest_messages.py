"""What guests are told of their registrations: once, in their language, by mail or SMS, with their appointment, at any hour and beyond the budget."""

from datetime import timedelta

import icalendar
import pytest

from campaigns import guest_messages, guest_words, registering, scheduling
from campaigns.invitations import segments
from campaigns.invitations.writing import LANGUAGES, unknown_places
from campaigns.scheduling import EventSaid, SlotSaid
from campaigns.senders import sink
from crm.database import transaction
from crm.ids import uuid7
from crm.settings import settings
from tests.campaigns import mailing as m
from tests.campaigns.registering.coming import TOMORROW, a_slot, an_event, books, comes
from tests.cast import DAY, MINUTE, NOON, fetch, value

NIGHT = NOON.replace(hour=17)  # one o'clock in Chengdu
MR_WANG = {"name": "王先生", "email": "wang@example.com", "phone": "13800000000"}


async def tell(at=NOON):
    """What guests are told by now, the newest first."""
    while await guest_messages.advance(at):
        pass
    await m.send(at)
    async with transaction():
        return await sink.newest()


def appointment(sample):
    """What a calendar reads from a mail."""
    [event] = icalendar.Calendar.from_ical(sample.letter.calendar.content).walk("VEVENT")
    return event, sample.letter.calendar.method


async def test_a_guest_with_an_address_gets_one_mail_even_at_night_and_it_counts():
    later = TOMORROW + 9 * DAY
    guest = await comes(
        await an_event(name="品鉴会", venue="世纪城", starts_at=later, ends_at=later + DAY), person=MR_WANG
    )

    await tell(NIGHT)
    [sample] = await tell(NIGHT)

    assert (sample.kind, sample.letter.channel, sample.letter.to) == ("transactional", "email", "wang@example.com")
    assert sample.letter.subject == guest_words.of("confirmed", "zh-Hans").subject.format(event="品鉴会")
    assert "时间：9月8日 14:00" in sample.letter.text
    assert sample.letter.unsubscribe is None
    assert (
        await value("select count(*) from contact_use where person = $1 and kind = 'transactional'", guest.person) == 1
    )


async def test_a_mail_leads_to_the_guests_own_page_and_into_their_calendar():
    event = await an_event(name="品鉴会", venue="世纪城")
    booked = await books(event, await a_slot(event), person=MR_WANG)

    samples = await tell()

    [sample] = [one for one in samples if "M9" in one.letter.subject or one.letter.calendar]
    entry, method = appointment(sample)
    assert f"{settings().public_url}/g/" in sample.letter.text
    assert (method, entry["UID"], entry["SEQUENCE"]) == ("REQUEST", f"{booked.id}@marquee", 0)
    assert (entry.start, entry.end) == (TOMORROW, TOMORROW + 40 * MINUTE)


async def test_an_appointment_moves_with_its_slot_and_goes_with_its_cancellation():
    event = await an_event(name="品鉴会")
    slot = await a_slot(event)
    booked = await books(event, slot, person=MR_WANG)
    await tell()

    later = SlotSaid(
        kind="test_drive", model="M9", starts_at=TOMORROW + timedelta(hours=1), minutes=40, places=slot.places
    )
    async with transaction():
        await scheduling.change_slot(slot, later, event=event, actor="tester", at=NOON + MINUTE)
    moved, method = appointment((await tell(NOON + MINUTE))[0])
    assert (method, moved["UID"], moved.start) == ("REQUEST", f"{booked.id}@marquee", TOMORROW + timedelta(hours=1))
    assert moved["SEQUENCE"] == 1

    async with transaction():
        await registering.cancel_booking(booked.id, at=NOON + 2 * MINUTE)
    gone, method = appointment((await tell(NOON + 2 * MINUTE))[0])
    assert (method, gone["UID"], gone["STATUS"]) == ("CANCEL", f"{booked.id}@marquee", "CANCELLED")
    assert gone["SEQUENCE"] > moved["SEQUENCE"]


def calendars(samples):
    """What calendars are told: how, of which appointment, with which number."""
    read = [appointment(one) for one in samples if one.letter.calendar]
    return sorted((method, event["UID"].split("@")[0], int(event["SEQUENCE"])) for event, method in read)


async def test_a_cancelled_registration_takes_the_booked_time_out_of_the_calendar():
    event = await an_event(name="品鉴会")
    guest = await comes(event, slot=(await a_slot(event)).id, person=MR_WANG)
    before = await tell()
    booking = str(await value("select id from booking"))

    async with transaction():
        await registering.cancel_registration(guest.id, at=NOON + MINUTE)
    after = await tell(NOON + MINUTE)

    assert calendars(before) == [("REQUEST", booking, 0)]
    assert calendars(after) == [("CANCEL", booking, 1), ("REQUEST", booking, 0)], "and nothing of what was never there"


async def test_who_was_told_of_the_event_and_of_a_time_hears_the_end_of_both():
    event = await an_event(name="品鉴会")
    guest = await comes(event, person=MR_WANG)
    await tell()
    booked = await books(event, await a_slot(event), person=MR_WANG)
    await tell(NOON + MINUTE)

    async with transaction():
        await registering.cancel_registration(guest.id, at=NOON + 2 * MINUTE)
    told = calendars(await tell(NOON + 2 * MINUTE))

    assert {uid for method, uid, _ in told if method == "CANCEL"} == {str(guest.id), str(booked.id)}


async def test_a_moved_event_moves_the_booked_times_in_the_calendars():
    event = await an_event(name="品鉴会")
    await comes(event, slot=(await a_slot(event)).id, person=MR_WANG)
    await tell()
    booking = str(await value("select id from booking"))
    elsewhere = EventSaid(name=event.name, starts_at=event.starts_at, ends_at=event.ends_at, venue="新馆")

    async with transaction():
        await scheduling.change_event(event, elsewhere, version=event.version, actor="tester", at=NOON + MINUTE)
    told = calendars(await tell(NOON + MINUTE))

    assert told == [("REQUEST", booking, 0), ("REQUEST", booking, 1)]
    assert appointment((await tell(NOON + MINUTE))[0])[0]["LOCATION"] == "新馆"


async def test_a_guest_with_a_phone_alone_gets_an_sms_in_their_language_that_leads_to_their_page():
    event = await an_event(name="品鉴会", venue="世纪城")
    await comes(event, person={"name": "Ann", "phone": "13800000000"}, language="en")

    [sample] = await tell()

    assert (sample.letter.channel, sample.letter.calendar) == ("sms", None)
    assert sample.letter.text.startswith("[Auto alliance] You are registered for 品鉴会, 30 August 14:00, 世纪城.")
    assert f"{settings().public_url}/g/" in sample.letter.text
    assert segments.count(sample.letter.text).segments <= 3


async def test_who_waits_has_nothing_in_their_calendar_yet():
    event = await an_event(name="品鉴会")
    slot = await a_slot(event)
    await books(event, slot)
    await tell()

    await books(event, slot, person=MR_WANG)
    [waiting, *_] = await tell(NOON + MINUTE)

    assert waiting.letter.calendar is None
    assert waiting.letter.subject.startswith(guest_words.of("waiting", "zh-Hans").subject.partition("{")[0])


async def test_the_budget_never_holds_a_guests_message_back_but_counts_it():
    guest = await comes(await an_event(), person=MR_WANG)
    async with transaction() as connection:
        for _ in range(2):
            await connection.execute(
                "insert into contact_use (id, person, kind, channel, message, reserved_at, sent_at) values ($1, $2, 'brand', 'email', $1, $3, $3)",
                uuid7(NOON),
                guest.person,
                NOON,
            )

    await tell()

    assert await value("select state from message") == "sent"
    assert await value("select count(*) from contact_use where person = $1", guest.person) == 3


async def test_a_registration_that_cannot_be_read_keeps_nobody_else_waiting():
    await comes(await an_event(), person=MR_WANG)
    await fetch("update registration set sealed = 'broken' returning id")

    await guest_messages.advance(NOON)

    assert await value("select count(*) from message") == 0
    [row] = await fetch("select attempts, due_at from guest_message where kind = 'confirmed'")
    assert row["attempts"] == 1
    assert row["due_at"] > NOON


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["confirmed", "waiting", "offered", "changed", "cancelled", "reminder", "lapsed"])
def test_there_are_words_for_everything_that_guests_are_told(kind, language):
    words = guest_words.of(kind, language)

    assert all((words.subject, words.text, words.sms))
    assert set(unknown_places(words.subject + words.text + words.sms)) <= {"until"}
