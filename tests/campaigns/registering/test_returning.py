"""Cancelled by mistake and taken back: the place if it is free, else the line; and nobody is told twice, or too much."""

import asyncio
from datetime import timedelta

import pytest

from campaigns import guest_messages, registering
from campaigns.registering import returning
from crm import history
from crm.database import current, transaction
from tests.campaigns.registering.coming import TOMORROW, a_slot, an_event, books, comes
from tests.cast import DAY, MINUTE, NOON, WANG, fetch, value

BY_US = "staff:1"


async def cancels(came, *, at=NOON, by=BY_US):
    """One of us cancels a registration, as the page does."""
    async with transaction():
        await registering.cancel_registration(came.id, at=at)
        await history.note(by, "registration_cancelled", "registration", came.id, at=at)


async def cancels_booking(booking, *, at=NOON):
    async with transaction():
        await registering.cancel_booking(booking, at=at)
        await history.note(BY_US, "booking_cancelled", "booking", booking, at=at)


async def restores(came, *, at=NOON + MINUTE):
    async with transaction():
        return await registering.restore_registration(came.id, actor=BY_US, at=at)


async def restores_booking(booking, *, at=NOON + MINUTE):
    async with transaction():
        return await registering.restore_booking(booking, actor=BY_US, at=at)


async def stands(came):
    [row] = await fetch("select state, position, cancelled_at from registration where id = $1", came.id)
    return tuple(row)


async def messages_of(came):
    return [
        (row["kind"], row["told_at"] is not None)
        for row in await fetch(
            "select kind, told_at from guest_message where registration = $1 and kind <> 'reminder' order by id",
            came.id,
        )
    ]


async def booking_of(came):
    return await value("select id from booking where registration = $1 order by booked_at limit 1", came.id)


async def test_a_place_that_is_still_free_is_given_back_with_its_times():
    event = await an_event(capacity=2)
    slot = await a_slot(event)
    came = await comes(event, slot=slot.id)
    await cancels(came)

    back = await restores(came)

    assert (back.state, back.is_lost, back.times_gone) == ("confirmed", False, 0)
    assert await stands(came) == ("confirmed", None, None)
    assert (await value("select taken from event"), await value("select taken from slot")) == (1, 1)
    assert await value("select state from booking") == "confirmed"


async def test_a_place_that_went_to_the_next_in_line_is_waited_for_at_its_end():
    event = await an_event(capacity=1)
    first, second, third = [await comes(event) for _ in range(3)]
    await cancels(first)

    back = await restores(first)

    assert (back.state, back.is_lost) == ("waiting", True)
    assert [(await stands(one))[0] for one in (first, second, third)] == ["waiting", "confirmed", "waiting"]
    assert (await stands(first))[1] > (await stands(third))[1]
    assert await value("select taken from event") == 1


async def test_who_waited_waits_again_where_they_stood():
    event = await an_event(capacity=1)
    await comes(event)
    second, third = [await comes(event) for _ in range(2)]
    before = await stands(second)
    await cancels(second)

    back = await restores(second)

    assert (await stands(second), back.is_lost) == (before, False)
    assert (await stands(second))[1] < (await stands(third))[1]


async def test_a_time_that_was_taken_meanwhile_is_waited_for():
    event = await an_event()
    slot = await a_slot(event)
    came = await comes(event, slot=slot.id)
    await cancels(came)
    other = await books(event, slot)

    back = await restores(came)

    assert (back.state, back.times_gone) == ("confirmed", 1)
    states = dict(map(tuple, await fetch("select registration, state from booking")))
    assert states == {came.id: "waiting", other.registration: "confirmed"}
    assert await value("select taken from slot") == 1


async def test_a_time_that_was_let_go_before_stays_so():
    event = await an_event()
    one, other = await a_slot(event), await a_slot(event, starts_at=TOMORROW + timedelta(hours=1))
    came = await comes(event, slot=one.id)
    first = await booking_of(came)
    async with transaction():
        await registering.cancel_booking(first, at=NOON - MINUTE)
        await registering.book_for(came.id, other.id, at=NOON - MINUTE, by="guest")
    await cancels(came)

    await restores(came)

    assert dict(map(tuple, await fetch("select slot, state from booking"))) == {
        one.id: "cancelled",
        other.id: "confirmed",
    }


async def test_a_booking_alone_is_given_back_or_waited_for():
    event = await an_event()
    slot = await a_slot(event, places=2)
    came, other = [await comes(event, slot=slot.id) for _ in range(2)]
    for guest in (came, other):
        await cancels_booking(await booking_of(guest))
    assert (await restores_booking(await booking_of(came))).state == "confirmed"
    await books(event, slot)

    back = await restores_booking(await booking_of(other))

    assert (back.state, back.is_lost) == ("waiting", True)
    assert await value("select taken from slot") == 2


async def test_a_time_that_they_booked_anew_is_not_booked_twice():
    event = await an_event()
    slot = await a_slot(event, places=2)
    came = await comes(event, slot=slot.id)
    first = await booking_of(came)
    await cancels_booking(first)
    async with transaction():
        await registering.book_for(came.id, slot.id, at=NOON, by="staff")

    with pytest.raises(registering.SlotClosed):
        await restores_booking(first)

    assert await value("select taken from slot") == 1


async def test_twice_is_once():
    event = await an_event(capacity=3)
    came = await comes(event)
    await cancels(came)

    answers = [await restores(came) for _ in range(2)]

    assert [one.state for one in answers] == ["confirmed", "confirmed"]
    assert await value("select taken from event") == 1
    assert await value("select count(*) from history_entry where action = 'registration_restored'") == 1


async def test_what_a_guest_cancelled_or_what_lies_back_is_not_taken_back():
    event = await an_event()
    by_guest, long_ago = [await comes(event) for _ in range(2)]
    async with transaction():
        await registering.cancel_registration(by_guest.id, at=NOON)
    await cancels(long_ago)

    for came, at in ((by_guest, NOON + MINUTE), (long_ago, NOON + returning.WITHIN + MINUTE)):
        with pytest.raises(registering.TooLateToReturn):
            await restores(came, at=at)

    assert await value("select count(*) from registration where state = 'cancelled'") == 2


async def test_what_is_over_and_what_has_begun_is_not_given_back():
    event = await an_event()
    slot = await a_slot(event)
    came, late = await comes(event, slot=slot.id), await comes(event)
    booking = await booking_of(came)
    await cancels_booking(booking, at=TOMORROW - MINUTE)
    over = event.ends or TOMORROW + DAY
    await cancels(late, at=over - MINUTE)

    with pytest.raises(registering.SlotClosed):
        await restores_booking(booking, at=TOMORROW)
    with pytest.raises(registering.EventOver):
        await restores(late, at=over)


async def test_a_booking_of_somebody_who_does_not_come_stays_cancelled():
    event = await an_event()
    slot = await a_slot(event)
    came = await comes(event, slot=slot.id)
    booking = await booking_of(came)
    await cancels_booking(booking)
    await cancels(came)

    with pytest.raises(registering.RegistrationCancelled):
        await restores_booking(booking)


async def test_a_guest_who_was_not_told_of_the_cancellation_never_hears_of_it():
    came = await comes(await an_event())
    await guest_messages.advance(NOON)
    await cancels(came)

    await restores(came)

    assert await messages_of(came) == [("confirmed", True)]
    assert await value("select count(*) from guest_message where kind = 'reminder'") == 1


async def test_a_guest_who_was_told_is_told_that_it_stands_and_their_calendar_follows():
    came = await comes(await an_event())
    await guest_messages.advance(NOON)
    await cancels(came, at=NOON + MINUTE)
    await guest_messages.advance(NOON + MINUTE)

    await restores(came, at=NOON + 2 * MINUTE)

    assert await messages_of(came) == [("confirmed", True), ("cancelled", True), ("confirmed", False)]
    assert await value("select sequence from registration") == 2


async def test_a_guest_who_was_not_even_told_of_the_place_is_told_of_it():
    came = await comes(await an_event())
    await cancels(came)

    await restores(came)

    assert await messages_of(came) == [("confirmed", False)]


async def test_a_second_form_of_the_same_person_makes_room_for_the_first_one_again():
    event = await an_event(capacity=1)
    first = await comes(event, person=WANG)
    second = await comes(event, person=WANG)
    assert second.state == "waiting"
    await cancels(first)
    assert (await stands(second))[0] == "confirmed"

    await restores(first)

    joins = dict(map(tuple, await fetch("select id, joins from registration")))
    assert joins == {first.id: second.id, second.id: None}
    assert await value("select taken from event") == 1


@pytest.mark.parametrize("round_", range(4))
async def test_of_many_hands_at_once_none_gives_a_place_twice(round_):
    event = await an_event(capacity=3)
    slot = await a_slot(event, places=2)
    held = [await comes(event, slot=slot.id) for _ in range(3)]
    for came in held:
        await cancels(came)

    hands = [restores(came) for came in held] + [comes(event, slot=slot.id) for _ in range(4)]
    hands += [restores(came) for came in held]
    done = await asyncio.gather(*hands)

    assert len(done) == 10
    for scarce, entries in (("event", "registration"), ("slot", "booking")):
        [row] = await fetch(
            f"select coalesce(max(taken), 0) as taken, (select count(*) from {entries} where state = 'confirmed') as held from {scarce}"
        )
        assert row["taken"] == row["held"] <= {"event": 3, "slot": 2}[scarce]
    assert await value("select taken from event") == 3
    positions = [row["position"] for row in await fetch("select position from registration where state = 'waiting'")]
    assert len(positions) == len(set(positions)) == 4


async def test_a_place_given_back_is_a_lead_rules_to_look_at_again():
    came = await comes(await an_event())
    await cancels(came)
    async with transaction():
        await current().execute("update registration set leads_due_at = null")

    await restores(came)

    assert await value("select leads_due_at is not null from registration")
