"""Coming to an event: one registration however often it is sent, one place for one person, and nothing told about anybody."""

from datetime import timedelta

import pytest

from campaigns import registering
from crm import vault
from crm.database import transaction
from crm.errors import Invalid
from tests.campaigns.registering.coming import TOMORROW, a_slot, an_event, body, books, comes, somebody
from tests.cast import DAY, NOON, WANG, fetch, says, value


async def test_a_registration_brings_person_wishes_consents_and_one_touchpoint_per_brand():
    event = await an_event()

    came = await comes(event, person=WANG, wishes=[{"model": "m9"}, {"brand": "luxeed"}], consents=[says(True, "aito")])

    assert came.state == "confirmed"
    assert await value("select count(*) from registration_wish where registration = $1", came.id) == 2
    assert (
        await value(
            "select count(*) from touchpoint where person = $1 and kind = 1 and event = $2", came.person, event.id
        )
        == 2
    )
    assert await value("select count(*) from consent where person = $1 and state = 'given'", came.person) == 1
    assert await value("select leads_due_at from registration where id = $1", came.id) == NOON


async def test_what_was_typed_is_sealed_in_its_row_alone():
    came = await comes(await an_event(), person=WANG)

    [row] = await fetch("select sealed from registration where id = $1", came.id)

    assert WANG["phone"].encode() not in row["sealed"]
    assert WANG["phone"] in vault.open_(row["sealed"], place=f"registration|sealed|{came.id}")


async def test_the_same_form_again_gets_the_first_answer():
    event = await an_event(capacity=1)
    said = body(person=WANG)
    first = await comes(event, **said)

    again = await comes(event, **said | {"wishes": [{"brand": "aito"}]})

    assert (again.id, again.state, again.is_repeat) == (first.id, first.state, True)
    assert await value("select count(*) from registration") == 1
    assert await value("select changed_at from registration") == NOON


async def test_a_second_form_of_one_person_is_told_and_counted_like_anybodys_and_joins_the_first():
    event = await an_event(capacity=2)
    await comes(event, person=WANG)

    again = await comes(event, person=WANG)

    assert (again.state, again.is_repeat) == ("confirmed", False)
    assert await value("select taken from event where id = $1", event.id) == 2
    assert await value("select joins is not null from registration where id = $1", again.id)


async def test_a_second_form_at_a_full_event_waits_like_anybody_else():
    event = await an_event(capacity=1)
    await comes(event, person=WANG)

    told = [
        (one.state, one.position) for one in (await comes(event), await comes(event, person=WANG), await comes(event))
    ]

    assert told == [("waiting", 1), ("waiting", 2), ("waiting", 3)]


async def test_when_the_first_of_two_forms_is_cancelled_the_second_keeps_the_place():
    event = await an_event(capacity=1)
    first, second = await comes(event, person=WANG), await comes(event, person=WANG)
    other = await comes(event)

    async with transaction():
        await registering.cancel_registration(first.id, at=NOON)

    states = {row["id"]: row["state"] for row in await fetch("select id, state from registration")}
    assert states == {first.id: "cancelled", second.id: "confirmed", other.id: "waiting"}
    assert await value("select taken from event where id = $1", event.id) == 1


async def test_a_place_that_is_given_back_goes_to_the_first_in_line():
    event = await an_event(capacity=1)
    first, second, third = [await comes(event) for _ in range(3)]

    async with transaction():
        await registering.cancel_registration(first.id, at=NOON)
        await registering.cancel_registration(first.id, at=NOON)

    states = {row["id"]: row["state"] for row in await fetch("select id, state from registration")}
    assert states == {first.id: "cancelled", second.id: "confirmed", third.id: "waiting"}


async def test_who_cannot_be_reached_and_cars_nobody_knows_are_told_at_their_places():
    event = await an_event(partners=("aito",))

    with pytest.raises(Invalid) as refused:
        await comes(event, person={"name": "王"}, wishes=[{"model": "M99"}], consents=[says(True, "luxeed")])

    assert [fault["path"] for fault in refused.value.errors] == ["person", "wishes[0].model", "consents[0].brands[0]"]


async def test_nobody_comes_to_what_is_closed_or_over():
    event = await an_event()

    with pytest.raises(registering.EventOver):
        await comes(event, at=TOMORROW + timedelta(hours=4))
    async with transaction() as connection:
        await connection.execute("update event set is_open = false")
    from campaigns import events

    async with transaction():
        closed = await events.known(event.code)
    with pytest.raises(registering.EventClosed):
        await comes(closed)


async def test_a_booking_makes_a_registration_for_somebody_new_and_uses_the_one_there_is():
    event = await an_event()
    slot = await a_slot(event, places=3)
    came = await comes(event, person=WANG)

    booked, new = await books(event, slot, person=WANG), await books(event, slot)

    assert (booked.registration, booked.state) == (came.id, "confirmed")
    assert new.registration != came.id
    assert await value("select count(*) from registration") == 2


async def test_one_person_has_one_place_in_a_slot_whoever_books_it():
    event = await an_event()
    slot = await a_slot(event, places=1)
    await books(event, slot, person=WANG)

    again = await books(event, slot, person=WANG, by="hotline")

    assert again.state == "waiting", "what anybody else would hear"
    assert await value("select taken from slot") == 1
    assert await value("select count(*) from booking where state = 'confirmed'") == 1


async def test_guests_are_told_and_reminded_a_day_before_unless_they_cancel():
    event = await an_event()
    slot = await a_slot(event)
    came = await comes(event, slot=slot.id)
    told = "select kind, due_at from guest_message where registration = $1 order by kind"

    before = {row["kind"]: row["due_at"] for row in await fetch(told, came.id)}
    async with transaction():
        await registering.cancel_registration(came.id, at=NOON)

    assert before == {"confirmed": NOON, "reminder": TOMORROW - DAY}
    assert [row["kind"] for row in await fetch(told, came.id)] == ["cancelled"]


async def test_test_sources_leave_no_trace_in_the_ledger():
    event = await an_event()
    async with transaction() as connection:
        await connection.execute("insert into source (code, kind, test) values ('try', 'web_form', true)")

    await comes(event, by="try", person=somebody())

    assert await value("select count(*) from touchpoint") == 0


async def test_a_booking_is_refused_under_a_name_that_its_source_gave_to_a_registration():
    event = await an_event()
    slot = await a_slot(event)
    await comes(event, external_id="booking:B1")

    with pytest.raises(registering.NamedElsewhere):
        await books(event, slot, external_id="B1")
