"""Registrations and bookings as rows, not yet written, and how they are found again; nothing here asks the database."""

from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from campaigns.events import EventFacts, SlotFacts
from campaigns.registering import reading
from campaigns.registering.reading import Reading
from campaigns.registering.shapes import Booked, BookingBody, Place, Registered, RegistrationBody
from campaigns.tables import Booking, Registration, RegistrationWish, Touchpoint
from campaigns.touchpoints import Touch
from crm import vault
from crm.ids import uuid7
from crm.sources import Sender


class Guest(msgspec.Struct, frozen=True):
    """Who registers, as far as it was found out: the person, and the observation that says so."""

    person: UUID
    observation: UUID


def registration(
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
    """The registration, with a link and a code that nobody can guess."""
    number = uuid7(at)
    return Registration(
        id=number,
        event=event.id,
        campaign=event.campaign,
        observation=guest.observation,
        person=guest.person,
        source=source.id,
        external_id=body.external_id,
        body_hash=body_hash(body),
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
        first_state=place.state,
        first_position=place.position,
    )


def touches(what: Reading, guest: Guest, *, event: EventFacts, at: datetime) -> list[Touchpoint]:
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


def touch_of(slot: SlotFacts, entered: Registered, *, at: datetime) -> Touchpoint:
    """The touchpoint of a booking."""
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


def body_hash(body: RegistrationBody | BookingBody) -> bytes:
    """What two bodies that say the same have in common."""
    # Keyed: who knows everything of a body but the phone could find that out from a plain hash.
    return vault.match_key("body", msgspec.json.encode(body).decode())


def wishes(what: Reading, number: UUID, *, at: datetime) -> list[RegistrationWish]:
    """The cars of a registration, in their order."""
    return [
        RegistrationWish(id=uuid7(at), registration=number, rank=rank, brand=wish.brand, model=wish.model)
        for rank, wish in enumerate(what.wishes, start=1)
    ]


def booking(
    slot: SlotFacts,
    entered: Registered,
    *,
    place: Place,
    joins: UUID | None,
    external_id: str,
    digest: bytes,
    source: Sender,
    at: datetime,
) -> Booking:
    """The booking of a place, or of one in the line."""
    return Booking(
        id=uuid7(at),
        slot=slot.id,
        registration=entered.id,
        source=source.id,
        external_id=external_id,
        body_hash=digest,
        state=place.state,
        position=place.number,
        offer_until=None,
        booked_at=at,
        confirmed_at=at if place.state == "confirmed" else None,
        first_state=place.state,
        first_position=place.position,
        joins=joins,
    )


def registered(row: Record) -> Registered:
    """A row of REGISTERED as its verbs answer it."""
    return msgspec.convert(dict(row), Registered, strict=False)


def booked(row: Record) -> Booked:
    """A row of BOOKED as its verbs answer it."""
    return msgspec.convert(dict(row), Booked, strict=False)


REGISTERED = """
select registration.id, registration.external_id, registration.event, registration.campaign, registration.person,
       registration.observation, registration.source, registration.link, registration.code, registration.state,
       null::bigint as position, registration.body_hash, registration.first_state, registration.first_position
from registration
"""
BOOKED = """
select booking.id, booking.external_id, registration.event, booking.slot, booking.registration, registration.person, booking.state,
       null::bigint as position, booking.body_hash, booking.first_state, booking.first_position
from booking join registration on registration.id = booking.registration
"""

# The registrations of a person (a survivor) for an event that stand. $1 person, $2 event.
OF_PERSON = """
join link on link.observation = registration.observation and link.closed_at is null
where link.person = $1 and registration.event = $2 and registration.state <> 'cancelled'
"""
SAME_GUEST = f"""
select registration.id from registration {OF_PERSON} and registration.joins is null
order by registration.registered_at, registration.id limit 1
for no key update of registration
"""

# The booking in a slot by which the person of a registration holds or awaits a place. $1 registration, $2 slot.
SAME_PERSON_THERE = """
select booking.id
from registration as mine
join link as me on me.observation = mine.observation and me.closed_at is null
join link on link.person = me.person and link.closed_at is null
join registration on registration.observation = link.observation
join booking on booking.registration = registration.id
where mine.id = $1 and booking.slot = $2 and booking.state <> 'cancelled' and booking.joins is null
limit 1
"""
