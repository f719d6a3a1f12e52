"""Second forms of one person under many hands: no place is given twice, none is lost, and who is another person stands alone."""

import asyncio
from datetime import timedelta

import pytest

from campaigns import registering, scheduling
from campaigns.scheduling import EventSaid
from crm import people
from crm.database import transaction
from tests.campaigns.registering.coming import TOMORROW, a_slot, an_event, books, comes
from tests.cast import DAY, LI, NOON, WANG, fetch, value, work


async def states(table="registration"):
    """How all stand, and whether they join another, in the order of the words."""
    return sorted(tuple(row) for row in await fetch(f"select state, joins is not null from {table}"))


async def while_cancelling(entry, meanwhile, *, verb=registering.cancel_registration):
    """Somebody does something else while a registration, or a booking, is being cancelled, and not yet is."""
    held = asyncio.Event()

    async def cancels():
        async with transaction():
            await verb(entry, at=NOON)
            held.set()
            await asyncio.sleep(0.5)

    cancelling = asyncio.create_task(cancels())
    await held.wait()
    try:
        return await meanwhile
    finally:
        await cancelling


async def test_who_registers_again_while_their_first_form_is_cancelled_joins_nothing():
    event = await an_event(capacity=1)
    first = await comes(event, person=WANG)

    again = await while_cancelling(first.id, comes(event, person=WANG))
    other = await comes(event)

    assert (again.state, other.state) == ("confirmed", "waiting")
    assert await states() == [("cancelled", False), ("confirmed", False), ("waiting", False)]


async def test_who_books_again_while_their_first_booking_is_cancelled_joins_nothing():
    event = await an_event()
    slot = await a_slot(event)
    first = await books(event, slot, person=WANG)

    booking = books(event, slot, person=WANG, by="hotline")
    again = await while_cancelling(first.id, booking, verb=registering.cancel_booking)
    other = await books(event, slot)

    assert (again.state, other.state) == ("confirmed", "waiting")
    assert await states("booking") == [("cancelled", False), ("confirmed", False), ("waiting", False)]


async def test_a_booking_made_while_its_registration_is_cancelled_is_of_a_new_one():
    event = await an_event()
    slot = await a_slot(event)
    came = await comes(event, person=WANG)

    booked = await while_cancelling(came.id, books(event, slot, person=WANG))

    assert booked.registration != came.id
    assert await value("select state from registration where id = $1", booked.registration) == "confirmed"


async def test_no_time_is_chosen_for_a_registration_that_is_cancelled_meanwhile():
    event = await an_event()
    slot = await a_slot(event)
    came = await comes(event, person=WANG)

    async def chooses():
        async with transaction():
            await registering.choose_slot(came.id, slot.id, at=NOON, by="guest")

    with pytest.raises(registering.RegistrationCancelled):
        await while_cancelling(came.id, chooses())
    assert await value("select taken from slot") == 0


async def test_a_new_form_gets_the_free_place_that_the_first_one_of_the_person_waits_for_in_vain():
    event, begun = await an_event(capacity=1), TOMORROW + timedelta(minutes=30)
    holds, waits = await comes(event), await comes(event, person=WANG)
    async with transaction():
        await registering.cancel_registration(holds.id, at=begun)

    again, other = await comes(event, person=WANG, at=begun), await comes(event, at=begun)

    assert (waits.state, again.state, other.state) == ("waiting", "confirmed", "waiting")
    assert await states() == [("cancelled", False), ("confirmed", False), ("waiting", False), ("waiting", True)]
    assert await value("select taken from event") == 1


async def two_for_one(event):
    """Two people who were taken for one when the second of them registered; and the merge."""
    wang = await comes(await an_event("other"), person=WANG, at=NOON - DAY)
    li = await comes(event, person=LI)
    async with transaction():
        [merge] = await people.merge(wang.person, li.person, actor="tester", reason="same", at=NOON)
    return li, await comes(event, person=WANG), merge


async def test_who_was_taken_for_somebody_else_stands_alone_once_that_is_taken_back():
    event = await an_event(capacity=2)
    li, wang, merge = await two_for_one(event)
    joined = await value("select joins from registration where id = $1", wang.id)
    async with transaction():
        await people.unmerge(merge, actor="tester", at=NOON)

    await work()

    assert joined == li.id
    assert await value("select count(*) from registration where joins is not null") == 0
    assert (await value("select taken from event where id = $1", event.id), (await comes(event)).state) == (
        2,
        "waiting",
    )


async def test_what_one_lets_go_is_not_inherited_by_whom_they_were_taken_for():
    event = await an_event(capacity=2)
    li, wang, merge = await two_for_one(event)
    async with transaction():
        await people.unmerge(merge, actor="tester", at=NOON)
        await registering.cancel_registration(li.id, at=NOON)

    await work()

    rows = {row["id"]: (row["state"], row["joins"]) for row in await fetch("select id, state, joins from registration")}
    assert (rows[li.id], rows[wang.id]) == (("cancelled", None), ("confirmed", None))
    assert await value("select taken from event where id = $1", event.id) == 1


async def test_guests_who_change_cancel_and_book_at_once_wait_for_nobody_in_a_circle():
    event = await an_event(capacity=40)
    slots = [await a_slot(event, places=3) for _ in range(3)]
    guests = [await comes(event, slot=slots[n % 3].id) for n in range(9)]

    async def one(verb, *given, **named):
        async with transaction():
            await verb(*given, at=NOON, **named)

    async def changes(guest, slot):
        async with transaction():
            await registering.choose_slot(guest.id, slot.id, at=NOON, by="guest")
            await registering.change_wishes(guest.id, [], at=NOON)

    turned = EventSaid(name=event.name, starts_at=TOMORROW, ends_at=TOMORROW + DAY, venue="新馆", capacity=40)
    answers = await asyncio.gather(
        *(changes(guest, slots[(n + 1) % 3]) for n, guest in enumerate(guests)),
        *(one(registering.cancel_registration, guest.id) for guest in guests[::2]),
        *(one(registering.book_for, guest.id, slots[(n + 2) % 3].id, by="guest") for n, guest in enumerate(guests)),
        *(one(registering.mark_attended, guest.id, actor="tester") for guest in guests),
        one(scheduling.change_event, event, turned, version=event.version, actor="tester"),
        return_exceptions=True,
    )

    expected = (registering.RegistrationCancelled, registering.HasNoPlace)
    assert [wrong for wrong in answers if wrong is not None and not isinstance(wrong, expected)] == []
    for slot in slots:
        held = "select count(*) from booking where slot = $1 and state = 'confirmed'"
        assert await value("select taken from slot where id = $1", slot.id) == await value(held, slot.id)
    assert await value(_GHOSTS) == 0


_GHOSTS = """
select count(*) from booking join registration on registration.id = booking.registration
where booking.state <> 'cancelled' and registration.state = 'cancelled'
"""
