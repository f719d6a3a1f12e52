"""Coming to an event: a registration, and a place in one of its slots; each in one commit with the person, the consents and the touchpoint.

Promises that a source's external id makes one registration or booking however often it is sent, and that a second form of the same person
takes no second place, while its answer looks like anybody's. Refuses events and slots that are closed or over, and an external id that stands for
something elsewhere.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID, uuid4

import msgspec
from asyncpg import Record

from campaigns import events
from campaigns.events import EventFacts, SlotFacts
from campaigns.registering import entries, lines, reading, telling
from campaigns.registering.entries import BOOKED, OF_PERSON, REGISTERED, SAME_GUEST, SAME_PERSON_THERE, Guest
from campaigns.registering.lines import EVENT, SLOT
from campaigns.registering.reading import Reading
from campaigns.registering.shapes import Booked, BookingBody, OfFile, Place, Registered, RegistrationBody
from campaigns.touchpoints import record_touches
from crm import consent, history, identity, reference
from crm.database import current, insert, lock_stripes, notify
from crm.errors import Invalid, NotThere, Refused
from crm.ids import uuid7
from crm.sources import Sender, sender

FORM_LOCKS, GUEST_LOCKS = 11, 12
# A guest comes while registration is open; our people write down whom they like.
By: TypeAlias = Literal["guest", "staff"]


class EventClosed(Refused):
    sentence = "Registration for this event is closed."


class EventOver(Refused):
    status = 410
    sentence = "This event is over."


class SlotClosed(Refused):
    sentence = "This time can no longer be booked; please choose another one."


class NamedElsewhere(Refused):
    sentence = "You gave this external id to a registration or booking elsewhere. Use a new one for each."


class RegistrationCancelled(Refused):
    sentence = "This registration was cancelled. Register again, then choose a time."


class WaitsForEvent(Refused):
    sentence = "The event is full: a time can be chosen once there is a place."


async def register(
    body: RegistrationBody,
    *,
    event: EventFacts,
    source: Sender,
    at: datetime,
    raw: bytes,
    slot: int | None = None,
    by: By = "guest",
    of_file: OfFile | None = None,
) -> Registered:
    """Somebody comes, and books a slot along with it where one is named; a repeat gets the first answer.

    Refuses what is closed or over, and with `Invalid` a body that cannot be used. Who has to wait for the event books nothing yet.
    """
    await _alone(body.external_id, source)
    if (first := await _first(body, event=event, source=source, at=at)) is not None:
        return first
    chosen = await events.slot(slot, event=event.id) if slot is not None else None
    _refuse_closed(event, chosen, at=at, by=by)
    what = await _understood(body, event)
    guest = await _meet(body, what, event=event, source=source, at=at, raw=raw, of_file=of_file)
    entered = await _enter(body, what, guest, event=event, slot=chosen, source=source, at=at)
    if chosen is None or entered.state != "confirmed":
        await telling.tell(EVENT, [entered.id], "waiting" if entered.state == "waiting" else "confirmed", at=at)
    else:
        # One message is enough: that of the slot says when and where as well.
        await _take_slot(chosen, entered, external_id=f"with:{entered.id}", body_hash=b"", source=source, at=at)
    return entered


async def book(body: BookingBody, *, event: EventFacts, slot: int, source: Sender, at: datetime, raw: bytes) -> Booked:
    """A place in a slot, or in the line before it; who has no registration of this source gets one. A repeat gets the first answer."""
    await _alone(f"booking:{body.external_id}", source)
    if (first := await _first_booking(body, slot=slot, source=source, at=at)) is not None:
        return first
    chosen = await events.slot(slot, event=event.id)
    _refuse_closed(event, chosen, at=at, by="guest")
    said = body.as_registration()
    if await _is_named(said.external_id, source):
        raise NamedElsewhere
    what = await _understood(said, event)
    guest = await _meet(said, what, event=event, source=source, at=at, raw=raw)
    entered = await _of_source(guest, chosen, event=event, source=source) or await _enter(
        said, what, guest, event=event, slot=chosen, source=source, at=at
    )
    return await _take_slot(
        chosen, entered, external_id=body.external_id, body_hash=entries.body_hash(body), source=source, at=at
    )


async def book_for(registration: UUID, slot: int, *, at: datetime, by: By) -> Booked:
    """A place in a slot for somebody who is registered; where they have one there already, that one."""
    await lines.alone(registration)
    number = await current().fetchval("select event from registration where id = $1", registration)
    if number is None:
        raise NotThere
    event = await events.by_id(number)
    chosen = await events.slot(slot, event=event.id)
    row = await _locked(registration, chosen)
    there = await current().fetchrow(
        f"{BOOKED} where slot = $1 and registration = $2 and booking.state <> 'cancelled' limit 1", slot, registration
    )
    if there is not None:
        return msgspec.structs.replace(entries.booked(there), is_repeat=True)
    if row["state"] == "cancelled":
        raise RegistrationCancelled
    _refuse_closed(event, chosen, at=at, by=by)
    source = await sender(row["source"])
    return await _take_slot(
        chosen, entries.registered(row), external_id=f"chosen:{uuid4().hex}", body_hash=b"", source=source, at=at
    )


async def _alone(name: str, source: Sender) -> None:
    # Two who send the same at once: the second one finds the first one's answer.
    await lock_stripes(FORM_LOCKS, [f"{source.id}:{name}"])


async def _first(body: RegistrationBody, *, event: EventFacts, source: Sender, at: datetime) -> Registered | None:
    row = await current().fetchrow(
        f"{REGISTERED} where registration.source = $1 and registration.external_id = $2", source.id, body.external_id
    )
    if row is None:
        return None
    if row["event"] != event.id:
        raise NamedElsewhere
    if row["body_hash"] != entries.body_hash(body):
        await current().execute("update registration set changed_at = $2 where id = $1", row["id"], at)
    return msgspec.structs.replace(
        entries.registered(row), state=row["first_state"], position=row["first_position"], is_repeat=True
    )


async def _is_named(name: str, source: Sender) -> bool:
    there: bool = await current().fetchval(
        "select exists (select from registration where source = $1 and external_id = $2)", source.id, name
    )
    return there


async def _first_booking(body: BookingBody, *, slot: int, source: Sender, at: datetime) -> Booked | None:
    row = await current().fetchrow(
        f"{BOOKED} where booking.source = $1 and booking.external_id = $2", source.id, body.external_id
    )
    if row is None:
        return None
    if row["slot"] != slot:
        raise NamedElsewhere
    if row["body_hash"] != entries.body_hash(body):
        await current().execute("update booking set changed_at = $2 where id = $1", row["id"], at)
    return msgspec.structs.replace(
        entries.booked(row), state=row["first_state"], position=row["first_position"], is_repeat=True
    )


def _refuse_closed(event: EventFacts, slot: SlotFacts | None, *, at: datetime, by: By) -> None:
    phase = event.phase(at)
    if phase == "over":
        raise EventOver
    if phase == "closed" and by == "guest":
        raise EventClosed
    if slot is not None and not slot.is_bookable(at):
        raise SlotClosed


async def _understood(body: RegistrationBody, event: EventFacts) -> Reading:
    what = reading.read(
        body,
        reference=await reference.load(),
        partners=await events.partners(event.campaign),
        channels=await _channels(event) if body.channel else {},
    )
    if what.faults:
        raise Invalid(errors=what.faults)
    return what


async def _channels(event: EventFacts) -> Mapping[str, int]:
    rows = await current().fetch("select code, id from channel where campaign = $1", event.campaign)
    return {row["code"]: row["id"] for row in rows}


async def _meet(
    body: RegistrationBody,
    what: Reading,
    *,
    event: EventFacts,
    source: Sender,
    at: datetime,
    raw: bytes,
    of_file: OfFile | None = None,
) -> Guest:
    """Find out who it is and keep what they agreed to. Whoever else meets the same person for this event waits."""
    number = uuid7(at)
    observed = reading.observed(body, what, number=number, source=source, at=at, of_file=of_file)
    [met] = await identity.resolve([observed], at=at)
    await insert(
        consent.rows(
            what.answers,
            person=met.person,
            observation=number,
            captured_at=observed.captured_at,
            at=at,
            actor=source.principal,
            evidence=raw,
        )
    )
    if met.outcome == "linked":
        await consent.announce(what.answers, person=met.person, at=at)
    await lock_stripes(GUEST_LOCKS, [f"{event.id}:{met.person}"])
    return Guest(met.person, number)


async def _enter(
    body: RegistrationBody,
    what: Reading,
    guest: Guest,
    *,
    event: EventFacts,
    slot: SlotFacts | None,
    source: Sender,
    at: datetime,
) -> Registered:
    """The registration itself, with its cars and its touchpoints; `slot` is locked with the event where one is booked along with it."""
    if not source.test:
        await record_touches(entries.touches(what, guest, event=event, at=at))
    place = Place("confirmed")
    if not await lines.is_unlimited(event.id):
        place = await lines.take(await lines.lock(EVENT, event.id))
    if slot is not None:
        await lines.lock(SLOT, slot.id)
    # Read under the lock: what it joins may have been cancelled while we waited.
    joined = await current().fetchval(SAME_GUEST, guest.person, event.id)
    leads = joined and await lines.goes_before(EVENT, place.state, joined)
    row = entries.registration(
        body, what, guest, place=place, joins=None if leads else joined, event=event, source=source, at=at
    )
    await insert([row])
    if leads:
        await lines.lead(EVENT, row.id, joined=joined)
    await insert(entries.wishes(what, row.id, at=at))
    await notify(history.CHANGES)
    return Registered(
        id=row.id, external_id=row.external_id, event=event.id, campaign=event.campaign, person=guest.person,
        observation=guest.observation, link=row.link, code=row.code,
        state=place.state, position=place.position,
    )  # fmt: skip


async def _take_slot(
    slot: SlotFacts, entered: Registered, *, external_id: str, body_hash: bytes, source: Sender, at: datetime
) -> Booked:
    if entered.state != "confirmed":
        raise WaitsForEvent
    if not source.test:
        await record_touches([entries.touch_of(slot, entered, at=at)])
    place = await lines.take(await lines.lock(SLOT, slot.id))
    joined = await current().fetchval(SAME_PERSON_THERE, entered.id, slot.id)
    leads = joined and await lines.goes_before(SLOT, place.state, joined)
    row = entries.booking(
        slot,
        entered,
        place=place,
        joins=None if leads else joined,
        external_id=external_id,
        digest=body_hash,
        source=source,
        at=at,
    )
    await insert([row])
    if leads:
        await lines.lead(SLOT, row.id, joined=joined)
    await telling.tell(SLOT, [row.id], "waiting" if place.state == "waiting" else "confirmed", at=at)
    return Booked(
        id=row.id, external_id=external_id, event=entered.event, slot=slot.id, registration=entered.id,
        person=entered.person, state=place.state, position=place.position,
    )  # fmt: skip


async def _of_source(guest: Guest, slot: SlotFacts, *, event: EventFacts, source: Sender) -> Registered | None:
    """The registration that this very source made for the person, locked; what others know of them is not its to use."""
    found = await current().fetchval(
        f"select registration.id from registration {OF_PERSON} and registration.source = $3 order by registration.id limit 1",
        guest.person,
        event.id,
        source.id,
    )
    if found is None:
        return None
    await lines.alone(found)
    row = await _locked(found, slot)
    return entries.registered(row) if row["state"] != "cancelled" else None


async def _locked(registration: UUID, slot: SlotFacts) -> Record:
    """The slot, then the registration as it stands once nobody else can change it."""
    await lines.lock(SLOT, slot.id)
    [row] = await current().fetch(f"{REGISTERED} where registration.id = $1 for no key update", registration)
    found: Record = row
    return found
