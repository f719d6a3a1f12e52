"""Waiting: offers that end, places that are added or taken away, and what comes of a place."""

import asyncio
from datetime import timedelta

import pytest

from campaigns import events, registering, scheduling
from campaigns.registering import EVENT, SLOT, leaving
from campaigns.scheduling import EventSaid, SlotSaid
from crm.database import transaction
from crm.work import Job, until_idle
from tests.campaigns.registering.coming import TOMORROW, a_slot, an_event, books, comes
from tests.cast import DAY, MINUTE, NOON, WANG, fetch, value

HALF_AN_HOUR = 30


async def state_of(booking):
    [row] = await fetch("select state, offer_until from booking where id = $1", booking.id)
    return row["state"], row["offer_until"]


async def cancels(booking, at=NOON):
    async with transaction():
        await registering.cancel_booking(booking.id, at=at)


async def lapses(at):
    return await until_idle([Job("places nobody took", leaving.lapse)], at=at)


async def test_a_free_place_is_offered_for_a_while_where_the_event_says_so():
    event = await an_event(offer_minutes=HALF_AN_HOUR)
    slot = await a_slot(event)
    first, second = [await books(event, slot) for _ in range(2)]

    await cancels(first)

    assert await state_of(second) == ("offered", NOON + 30 * MINUTE)
    assert await value("select taken from slot") == 1


async def test_an_offer_that_nobody_takes_goes_to_the_next_in_line():
    event = await an_event(offer_minutes=HALF_AN_HOUR)
    slot = await a_slot(event)
    first, second, third = [await books(event, slot) for _ in range(3)]
    await cancels(first)

    assert await lapses(NOON + 29 * MINUTE) == 0
    assert await lapses(NOON + 30 * MINUTE) == 1

    assert [(await state_of(one))[0] for one in (second, third)] == ["cancelled", "offered"]
    assert await value("select count(*) from guest_message where booking = $1 and kind = 'lapsed'", second.id) == 1


async def test_two_workers_let_an_offer_lapse_once():
    event = await an_event(offer_minutes=HALF_AN_HOUR)
    slot = await a_slot(event, places=3)
    booked = [await books(event, slot) for _ in range(12)]
    for one in booked[:3]:
        await cancels(one)

    lapsed = await asyncio.gather(*(leaving.lapse(NOON + 31 * MINUTE) for _ in range(4)))

    assert sum(lapsed) == 3
    assert [(await state_of(one))[0] for one in booked[3:]] == ["cancelled"] * 3 + ["offered"] * 3 + ["waiting"] * 3
    assert await value("select taken from slot") == 3


async def test_an_offer_is_taken_in_time_or_not_at_all():
    event = await an_event(offer_minutes=HALF_AN_HOUR)
    slot = await a_slot(event)
    first, second = [await books(event, slot) for _ in range(2)]
    await cancels(first)

    with pytest.raises(registering.OfferGone):
        async with transaction():
            await registering.accept(SLOT, second.id, at=NOON + 30 * MINUTE)
    async with transaction():
        await registering.accept(SLOT, second.id, at=NOON + 29 * MINUTE)

    assert await state_of(second) == ("confirmed", None)


async def test_an_offer_that_is_passed_on_goes_to_the_next_at_once():
    event = await an_event(offer_minutes=HALF_AN_HOUR)
    slot = await a_slot(event)
    first, second, third = [await books(event, slot) for _ in range(3)]
    await cancels(first)

    async with transaction():
        await registering.decline(SLOT, second.id, at=NOON + MINUTE)

    assert [(await state_of(one))[0] for one in (second, third)] == ["cancelled", "offered"]


async def test_no_place_is_offered_past_the_start_of_its_slot():
    event = await an_event(offer_minutes=HALF_AN_HOUR)
    slot = await a_slot(event)
    first, second, third = [await books(event, slot) for _ in range(3)]

    await cancels(first, at=TOMORROW - 10 * MINUTE)
    assert await state_of(second) == ("offered", TOMORROW)
    await cancels(second, at=TOMORROW)

    assert (await state_of(third))[0] == "waiting"


async def test_more_places_move_people_up_and_fewer_than_taken_are_refused():
    event = await an_event()
    slot = await a_slot(event, places=1)
    booked = [await books(event, slot) for _ in range(4)]
    said = SlotSaid(kind="test_drive", model="M9", starts_at=slot.starts_at, minutes=40, places=3)

    async with transaction():
        await scheduling.change_slot(slot, said, event=event, actor="tester", at=NOON)
    with pytest.raises(registering.FewerThanTaken, match="3 places are taken"):
        async with transaction():
            fewer = SlotSaid(kind="test_drive", model="M9", starts_at=slot.starts_at, minutes=40, places=2)
            await scheduling.change_slot(slot, fewer, event=event, actor="tester", at=NOON)

    assert [(await state_of(one))[0] for one in booked] == ["confirmed"] * 3 + ["waiting"]


async def test_an_event_that_gets_a_limit_counts_who_is_there_already():
    event = await an_event()
    for _ in range(3):
        await comes(event)
    limited = EventSaid(name=event.name, starts_at=event.starts_at, ends_at=event.ends_at, capacity=4)

    async with transaction():
        await scheduling.change_event(event, limited, version=event.version, actor="tester", at=NOON)
    async with transaction():
        event = await events.known(event.code)

    assert event.taken == 3
    assert [(await comes(event)).state for _ in range(2)] == ["confirmed", "waiting"]


async def test_a_second_form_passes_through_the_line_like_anybodys():
    event = await an_event(capacity=1)
    first = await comes(event, person=WANG)
    # Waits as everybody would, before somebody else, who would learn who is here if they moved up together.
    second, other = await comes(event, person=WANG), await comes(event)
    wider = EventSaid(name=event.name, starts_at=event.starts_at, ends_at=event.ends_at, capacity=2)

    async with transaction():
        await scheduling.change_event(event, wider, version=event.version, actor="tester", at=NOON)

    states = {row["id"]: row["state"] for row in await fetch("select id, state from registration")}
    assert states == {first.id: "confirmed", second.id: "confirmed", other.id: "waiting"}
    assert await value("select taken from event") == 2


async def test_guests_of_a_slot_that_moves_are_told_and_reminded_anew():
    event = await an_event()
    slot = await a_slot(event)
    booked = await books(event, slot)
    later = SlotSaid(kind="test_drive", model="M9", starts_at=slot.starts_at + timedelta(hours=1), minutes=40, places=1)

    async with transaction():
        await scheduling.change_slot(slot, later, event=event, actor="tester", at=NOON)

    told = {
        row["kind"]: row["due_at"]
        for row in await fetch("select kind, due_at from guest_message where booking = $1", booked.id)
    }
    assert told["changed"] == NOON
    assert told["reminder"] == TOMORROW + timedelta(hours=1) - timedelta(days=1)
    assert await value("select sequence from booking") == 1


async def test_what_took_place_is_noted_once_and_can_be_taken_back():
    event = await an_event()
    slot = await a_slot(event)
    booked = await books(event, slot)
    waiting = await books(event, slot)
    later = TOMORROW + MINUTE

    async with transaction():
        await registering.mark_attended(booked.registration, actor="tester", at=later)
        await registering.mark_done(booked.id, actor="tester", at=later)
        await registering.mark_done(booked.id, actor="tester", at=later + MINUTE)
    with pytest.raises(registering.HasNoPlace):
        async with transaction():
            await registering.mark_done(waiting.id, actor="tester", at=later)

    assert await value("select done_at from booking where id = $1", booked.id) == later
    async with transaction():
        await registering.unmark_done(booked.id, actor="tester", at=later)
    assert await value("select done_at from booking where id = $1", booked.id) is None


async def test_an_event_of_limited_places_offers_them_too():
    event = await an_event(capacity=1, offer_minutes=HALF_AN_HOUR)
    first, second = [await comes(event) for _ in range(2)]
    async with transaction():
        await registering.cancel_registration(first.id, at=NOON)

    async with transaction():
        await registering.accept(EVENT, second.id, at=NOON + MINUTE)

    assert await value("select state from registration where id = $1", second.id) == "confirmed"


async def test_two_guests_who_swap_their_times_at_once_do_not_wait_for_each_other():
    event = await an_event()
    slots = [await a_slot(event, places=2) for _ in range(2)]

    async def chooses(guest, slot):
        async with transaction():
            await registering.choose_slot(guest.id, slot.id, at=NOON, by="guest")

    for _ in range(5):
        guests = [await comes(event, slot=slot.id) for slot in slots]
        await asyncio.gather(chooses(guests[0], slots[1]), chooses(guests[1], slots[0]))
        for guest in guests:
            async with transaction():
                await registering.cancel_registration(guest.id, at=NOON)

    assert [row["taken"] for row in await fetch("select taken from slot")] == [0, 0]
    assert await value("select count(*) from booking") == 20


async def test_an_event_that_moved_to_later_gives_its_free_places_to_those_who_wait():
    event = await an_event(capacity=1)
    first, second = [await comes(event) for _ in range(2)]
    begun = TOMORROW + MINUTE
    async with transaction():
        await registering.cancel_registration(first.id, at=begun)
    moved = EventSaid(name=event.name, starts_at=TOMORROW + DAY, ends_at=TOMORROW + 2 * DAY, capacity=1)

    async with transaction():
        await scheduling.change_event(event, moved, version=event.version, actor="tester", at=begun)

    assert await value("select state from registration where id = $1", second.id) == "confirmed"


async def test_who_chooses_another_time_keeps_what_has_begun_and_what_took_place():
    event = await an_event()
    early, done, late = [await a_slot(event, starts_at=TOMORROW + hours * 60 * MINUTE, places=2) for hours in (0, 2, 3)]
    guest = await comes(event, slot=early.id)
    async with transaction():
        booked = await registering.book_for(guest.id, done.id, at=NOON, by="staff")
        await registering.mark_done(booked.id, actor="tester", at=TOMORROW)

    for slot in (late.id, None):
        async with transaction():
            await registering.choose_slot(guest.id, slot, at=TOMORROW, by="guest")

    rows = await fetch("select slot, state from booking order by slot")
    assert [tuple(row) for row in rows] == [(early.id, "confirmed"), (done.id, "confirmed"), (late.id, "cancelled")]


async def test_what_nobody_was_told_yet_gives_way_to_what_is_newer():
    event = await an_event()
    slots = [await a_slot(event) for _ in range(2)]
    guest = await comes(event, slot=slots[0].id)
    untold = "select slot, guest_message.kind from guest_message join booking on booking.id = booking where guest_message.kind <> 'reminder'"

    for turn in range(1, 6):
        async with transaction():
            await registering.choose_slot(guest.id, slots[turn % 2].id, at=NOON, by="guest")
    last = await value("select id from booking where state = 'confirmed'")
    async with transaction():
        await registering.cancel_booking(last, at=NOON)

    assert {row["kind"] for row in await fetch(untold)} == {"cancelled"}
    assert await value("select count(*) from booking") == await value("select count(*) from guest_message")


async def test_what_was_told_stays_told():
    event = await an_event()
    booked = await books(event, await a_slot(event))
    async with transaction() as connection:
        await connection.execute("update guest_message set told_at = due_at, due_at = null where kind <> 'reminder'")

    await cancels(booked)

    rows = await fetch("select guest_message.kind from guest_message where booking = $1 order by 1", booked.id)
    assert [row["kind"] for row in rows] == ["cancelled", "confirmed"]
