"""Coming to an event: a registration, and a place in one of its slots; each in one commit with the person, the consents and the touchpoint.

Promises that a source's external id makes one registration or booking however often it is sent, and that a second form of the same person
takes no second place, while its answer looks like anybody's. Refuses events and slots that are closed or over.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID, uuid4

import msgspec
from asyncpg import Record

from campaigns import events
from campaigns.events import EventFacts, SlotFacts
from campaigns.registering import lines, reading, telling
from campaigns.registering.lines import EVENT, SLOT
from campaigns.registering.reading import Reading
from campaigns.registering.shapes import Booked, BookingBody, Place, Registered, RegistrationBody
from campaigns.tables import Booking, Registration, RegistrationWish, Touchpoint
from campaigns.touchpoints import Touch, record_touches
from crm import consent, history, identity, reference, vault
from crm.database import current, insert, lock_stripes, notify
from crm.errors import Invalid, NotThere, Refused
from crm.ids import uuid7
from crm.sources import Sender, sender

FORM_LOCKS, GUEST_LOCKS = 11, 12
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is read as another one
CODE_SIGNS = 10


By: TypeAlias = Literal[
    "guest", "staff"
]  # a guest comes while registration is open, our people write down whom they like


class EventClosed(Refused):
    sentence = "Registration for this event is closed."


class EventOver(Refused):
    status = 410
    sentence = "This event is over."


class SlotClosed(Refused):
    sentence = "This time can no longer be booked; please choose another one."


class WaitsForEvent(Refused):
    sentence = "The event is full: a time can be chosen once there is a place."


class Guest(msgspec.Struct, frozen=True):
    """Who registers, as far as it was found out: the person, and the observation that says so."""

    person: UUID
    observation: UUID


async def register(
    body: RegistrationBody,
    *,
    event: EventFacts,
    source: Sender,
    at: datetime,
    raw: bytes,
    slot: int | None = None,
    by: By = "guest",
) -> Registered:
    """Somebody comes, and books a slot along with it where one is named; a repeat gets the first answer.

    Refuses what is closed or over, and with `Invalid` a body that cannot be used. Who has to wait for the event books nothing yet.
    """
    await _alone(body.external_id, source)
    if (first := await _first(body, source=source, at=at)) is not None:
        return first
    chosen = await events.slot(slot, event=event.id) if slot is not None else None
    _refuse_closed(event, chosen, at=at, by=by)
    what = await _understood(body, event)
    guest = await _meet(body, what, event=event, source=source, at=at, raw=raw)
    entered = await _enter(body, what, guest, event=event, source=source, at=at)
    if chosen is None or entered.state != "confirmed":
        await telling.tell(EVENT, [entered.id], "waiting" if entered.state == "waiting" else "confirmed", at=at)
    else:
        # One message is enough: that of the slot says when and where as well.
        await _take_slot(chosen, entered, external_id=f"with:{entered.id}", body_hash=b"", source=source, at=at)
    return entered


async def book(body: BookingBody, *, event: EventFacts, slot: int, source: Sender, at: datetime, raw: bytes) -> Booked:
    """A place in a slot, or in the line before it; who has no registration of this source gets one. A repeat gets the first answer."""
    await _alone(f"booking:{body.external_id}", source)
    if (first := await _first_booking(body, source=source, at=at)) is not None:
        return first
    chosen = await events.slot(slot, event=event.id)
    _refuse_closed(event, chosen, at=at, by="guest")
    said = body.as_registration()
    what = await _understood(said, event)
    guest = await _meet(said, what, event=event, source=source, at=at, raw=raw)
    entered = await _of_source(guest, event=event, source=source) or await _enter(
        said, what, guest, event=event, source=source, at=at
    )
    return await _take_slot(chosen, entered, external_id=body.external_id, body_hash=_hash(body), source=source, at=at)


async def book_for(registration: UUID, slot: int, *, at: datetime, by: By) -> Booked:
    """A place in a slot for somebody who is registered; where they have one there already, that one."""
    found = await current().fetch(f"{_REGISTERED} where registration.id = $1 for no key update", registration)
    if not found:
        raise NotThere
    row = found[0]
    event = await events.by_id(row["event"])
    chosen = await events.slot(slot, event=event.id)
    there = await current().fetchrow(
        f"{_BOOKED} where slot = $1 and registration = $2 and booking.state <> 'cancelled' limit 1", slot, registration
    )
    if there is not None:
        return msgspec.structs.replace(_booked(there), is_repeat=True)
    _refuse_closed(event, chosen, at=at, by=by)
    source = await sender(row["source"])
    return await _take_slot(
        chosen, _registered(row), external_id=f"chosen:{uuid4().hex}", body_hash=b"", source=source, at=at
    )


async def _alone(name: str, source: Sender) -> None:
    # Two who send the same at once: the second one finds the first one's answer.
    await lock_stripes(FORM_LOCKS, [f"{source.id}:{name}"])


async def _first(body: RegistrationBody, *, source: Sender, at: datetime) -> Registered | None:
    row = await current().fetchrow(
        f"{_REGISTERED} where registration.source = $1 and registration.external_id = $2", source.id, body.external_id
    )
    if row is None:
        return None
    if row["body_hash"] != _hash(body):
        await current().execute("update registration set changed_at = $2 where id = $1", row["id"], at)
    return msgspec.structs.replace(
        _registered(row), state=row["first_state"], position=row["first_position"], is_repeat=True
    )


async def _first_booking(body: BookingBody, *, source: Sender, at: datetime) -> Booked | None:
    row = await current().fetchrow(
        f"{_BOOKED} where booking.source = $1 and booking.external_id = $2", source.id, body.external_id
    )
    if row is None:
        return None
    if row["body_hash"] != _hash(body):
        await current().execute("update booking set changed_at = $2 where id = $1", row["id"], at)
    return msgspec.structs.replace(
        _booked(row), state=row["first_state"], position=row["first_position"], is_repeat=True
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
    body: RegistrationBody, what: Reading, *, event: EventFacts, source: Sender, at: datetime, raw: bytes
) -> Guest:
    """Find out who it is and keep what they agreed to. Whoever else meets the same person for this event waits."""
    number = uuid7(at)
    [met] = await identity.resolve([reading.observed(body, what, number=number, source=source, at=at)], at=at)
    await insert(
        consent.rows(
            what.answers,
            person=met.person,
            observation=number,
            captured_at=at,
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
    body: RegistrationBody, what: Reading, guest: Guest, *, event: EventFacts, source: Sender, at: datetime
) -> Registered:
    """The registration itself, with its cars and its touchpoints; the event's places are locked last."""
    if not source.test:
        await record_touches(_touches(what, guest, event=event, at=at))
    joins = await current().fetchval(_SAME_GUEST, guest.person, event.id)
    place = Place("confirmed")
    if not await lines.is_unlimited(event.id):
        place = await lines.take(await lines.lock(EVENT, event.id), joins=joins)
    row = _row(body, what, guest, place=place, joins=joins, event=event, source=source, at=at)
    await insert([row])
    await insert(
        [
            RegistrationWish(id=uuid7(at), registration=row.id, rank=rank, brand=wish.brand, model=wish.model)
            for rank, wish in enumerate(what.wishes, start=1)
        ]
    )
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
        await record_touches([_touch_of(slot, entered, at=at)])
    joins = await current().fetchval(_SAME_PERSON_THERE, entered.id, slot.id)
    place = await lines.take(await lines.lock(SLOT, slot.id), joins=joins)
    row = Booking(
        id=uuid7(at),
        slot=slot.id,
        registration=entered.id,
        source=source.id,
        external_id=external_id,
        body_hash=body_hash,
        state=place.state,
        position=place.number,
        offer_until=None,
        booked_at=at,
        confirmed_at=at if place.state == "confirmed" else None,
        first_state=place.state,
        first_position=place.position,
        joins=joins,
    )
    await insert([row])
    await telling.tell(SLOT, [row.id], "waiting" if place.state == "waiting" else "confirmed", at=at)
    return Booked(
        id=row.id, external_id=external_id, event=entered.event, slot=slot.id, registration=entered.id,
        person=entered.person, state=place.state, position=place.position,
    )  # fmt: skip


async def _of_source(guest: Guest, *, event: EventFacts, source: Sender) -> Registered | None:
    """The registration that this very source made for the person; what others know of them is not its to use."""
    row = await current().fetchrow(
        f"{_REGISTERED} {_OF_PERSON} and registration.source = $3", guest.person, event.id, source.id
    )
    return _registered(row) if row else None


def _row(
    body: RegistrationBody,
    what: Reading,
    guest: Guest,
    *,
    place: Place,
    joins: UUID | None,
    event: EventFacts,
    source: Sender,
    at: datetime,
) -> Registration:
    number = uuid7(at)
    return Registration(
        id=number,
        event=event.id,
        campaign=event.campaign,
        observation=guest.observation,
        person=guest.person,
        source=source.id,
        external_id=body.external_id,
        body_hash=_hash(body),
        channel=what.channel,
        language=body.language or "zh",
        sealed=reading.sealed(body, registration=number),
        state=place.state,
        position=place.number,
        offer_until=None,
        registered_at=at,
        confirmed_at=at if place.state == "confirmed" else None,
        leads_due_at=at,
        joins=joins,
        link=uuid4(),
        code="".join(secrets.choice(SIGNS) for _ in range(CODE_SIGNS)),
        first_state=place.state,
        first_position=place.position,
    )


def _touches(what: Reading, guest: Guest, *, event: EventFacts, at: datetime) -> list[Touchpoint]:
    """One touchpoint per brand that was wished for, or one without a brand."""
    brands: list[int | None] = [*sorted({wish.brand for wish in what.wishes})] or [None]
    return [
        Touchpoint(
            id=uuid7(at),
            person=guest.person,
            observation=guest.observation,
            kind=int(Touch.registration),
            campaign=event.campaign,
            event=event.id,
            brand=brand,
            channel=what.channel,
            at=at,
            recorded_at=at,
        )
        for brand in brands
    ]


def _touch_of(slot: SlotFacts, entered: Registered, *, at: datetime) -> Touchpoint:
    return Touchpoint(
        id=uuid7(at),
        person=entered.person,
        observation=entered.observation,
        kind=int(Touch.booking),
        campaign=entered.campaign,
        event=entered.event,
        brand=slot.brand,
        at=at,
        recorded_at=at,
    )


def _hash(body: RegistrationBody | BookingBody) -> bytes:
    # Keyed: who knows everything of a body but the phone could find that out from a plain hash.
    return vault.match_key("body", msgspec.json.encode(body).decode())


def _registered(row: Record) -> Registered:
    return msgspec.convert(dict(row), Registered, strict=False)


def _booked(row: Record) -> Booked:
    return msgspec.convert(dict(row), Booked, strict=False)


_REGISTERED = """
select registration.id, registration.external_id, registration.event, registration.campaign, registration.person,
       registration.observation, registration.source, registration.link, registration.code, registration.state,
       null::bigint as position, registration.body_hash, registration.first_state, registration.first_position
from registration
"""
_BOOKED = """
select booking.id, booking.external_id, registration.event, booking.slot, booking.registration, registration.person, booking.state,
       null::bigint as position, booking.body_hash, booking.first_state, booking.first_position
from booking join registration on registration.id = booking.registration
"""

# The registrations of a person (a survivor) for an event that stand. $1 person, $2 event.
_OF_PERSON = """
join link on link.observation = registration.observation and link.closed_at is null
where link.person = $1 and registration.event = $2 and registration.state <> 'cancelled'
"""
_SAME_GUEST = f"""
select registration.id from registration {_OF_PERSON} and registration.joins is null
order by registration.registered_at, registration.id limit 1
"""

# The booking in a slot by which the person of a registration holds or awaits a place. $1 registration, $2 slot.
_SAME_PERSON_THERE = """
select booking.id
from registration as mine
join link as me on me.observation = mine.observation and me.closed_at is null
join link on link.person = me.person and link.closed_at is null
join registration on registration.observation = link.observation
join booking on booking.registration = registration.id
where mine.id = $1 and booking.slot = $2 and booking.state <> 'cancelled' and booking.joins is null
limit 1
"""
