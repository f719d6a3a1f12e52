"""Doors for systems that register guests: which events are open, who comes to them, and places in their slots.

A 2xx means committed; 202 is a place in the line. The same external id again gets the first answer, at
another event or slot a 409. What is another source's, and an event
that was never opened, is not there.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody
from litestar.params import FromPath, RawBody

from campaigns import events, registering
from campaigns.events import EventFacts, SlotFacts
from campaigns.registering import standing
from campaigns.registering.shapes import Booked, BookingBody, Registered, RegistrationBody
from crm import access, reference, vault
from crm.access import Principal
from crm.database import transaction
from crm.errors import TOO_DEEP, Invalid, NotThere, NotUnderstood, faults_of
from crm.sources import sender

Body = TypeVar("Body", RegistrationBody, BookingBody)
Answer = TypeVar("Answer")
ONE_GUEST = 64 * 1024

# The shapes that the references below name: Litestar describes only what its handlers take apart themselves.
BODIES = msgspec.json.schema_components((RegistrationBody, BookingBody), ref_template="#/components/schemas/{name}")[1]


class SlotShown(msgspec.Struct):
    """A time that can be booked; `left` is 0 where a booking joins the line."""

    id: int
    kind: str
    name: str | None
    brand: str | None
    model: str | None
    starts_at: datetime
    minutes: int
    places: int
    left: int
    waiting: int


class EventShown(msgspec.Struct):
    """An event that anybody may register for; times are in UTC, days in `time_zone`."""

    code: str
    name: str
    campaign: str
    time_zone: str
    starts_on: str | None
    ends_on: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    venue: str | None
    address: str | None
    region: str | None
    full: bool
    slots: list[SlotShown]


class EventsOpen(msgspec.Struct):
    """The events for which registration is open."""

    events: list[EventShown]


class RegistrationAnswer(msgspec.Struct):
    """What a source gets back; `code` is what the desk scans, `person_id` the source's own reference to the person."""

    id: UUID
    external_id: str
    event: str
    state: str
    position: int | None
    code: str
    person_id: str


class BookingAnswer(msgspec.Struct):
    """How a booking stands; `position` is its place in the line of now, 1 is next; a place that is offered is kept until `offer_until`."""

    id: UUID
    external_id: str
    event: str
    slot: int
    state: str
    position: int | None
    offer_until: datetime | None
    registration: UUID
    person_id: str


@dataclass
class TakesARegistration(Operation):
    """The body is read by hand, so that the bytes that came can be kept as evidence; the schema is told here."""

    def __post_init__(self) -> None:
        self.request_body = _body("RegistrationBody")


@dataclass
class TakesABooking(Operation):
    """The same for a booking."""

    def __post_init__(self) -> None:
        self.request_body = _body("BookingBody")


class Events(Controller):
    path = "/api/v1/events"
    guards = [access.needs("events", "leads")]
    tags = ["Events"]

    @get("/", summary="Events that are open, with their slots")
    async def show_open(self) -> EventsOpen:
        at = datetime.now(UTC)
        async with transaction():
            found = await events.open_ones(at=at)
            slots = await events.slots([event.id for event in found])
            brands = {brand.id: brand.code for brand in (await reference.load()).brands.values()}
        return EventsOpen([_event(event, slots, brands, at=at) for event in found])

    @post(
        "/{code:str}/registrations",
        request_max_body_size=ONE_GUEST,
        operation_class=TakesARegistration,
        summary="Register somebody",
    )
    async def register(
        self, code: FromPath[str], body: RawBody, principal: NamedDependency[Principal]
    ) -> Response[RegistrationAnswer]:
        async with transaction():
            event = await events.of_public(code)
            said = _decoded(body, RegistrationBody)
            source = await sender(principal.id)
            registered = await registering.register(said, event=event, source=source, at=datetime.now(UTC), raw=body)
        answer = _registration(registered, event, source.principal)
        return _answered(answer, registered)


class EventBookings(Controller):
    path = "/api/v1/events/{code:str}/slots/{slot:int}/bookings"
    guards = [access.needs("events", "leads")]
    tags = ["Events"]

    @post("/", request_max_body_size=ONE_GUEST, operation_class=TakesABooking, summary="Book a place in a slot")
    async def book(
        self, code: FromPath[str], slot: FromPath[int], body: RawBody, principal: NamedDependency[Principal]
    ) -> Response[BookingAnswer]:
        async with transaction():
            event = await events.of_public(code)
            await _slot(slot, event)
            said = _decoded(body, BookingBody)
            source = await sender(principal.id)
            booked = await registering.book(said, event=event, slot=slot, source=source, at=datetime.now(UTC), raw=body)
        answer = _booking(booked, event, source.principal, offer_until=None)
        return _answered(answer, booked)

    @get("/{external_id:str}", summary="A booking as it stands now")
    async def show(
        self,
        code: FromPath[str],
        slot: FromPath[int],
        external_id: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> BookingAnswer:
        async with transaction():
            return await _shown(code, slot, external_id, principal)

    @post("/{external_id:str}/cancellation", status_code=200, summary="Let a place go")
    async def cancel(
        self,
        code: FromPath[str],
        slot: FromPath[int],
        external_id: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> BookingAnswer:
        async with transaction():
            there = await _shown(code, slot, external_id, principal)
            await registering.cancel_booking(there.id, at=datetime.now(UTC))
            return await _shown(code, slot, external_id, principal)


async def _shown(code: str, slot: int, external_id: str, principal: Principal) -> BookingAnswer:
    event = await events.of_public(code)
    await _slot(slot, event)
    source = await sender(principal.id)
    booked, until = await standing.booking_of_source(external_id, slot=slot, source=source)
    return _booking(booked, event, source.principal, offer_until=until)


async def _slot(number: int, event: EventFacts) -> SlotFacts:
    if number > 2**31 - 1:
        raise NotThere
    return await events.slot(number, event=event.id)


def _decoded(body: bytes, shape: type[Body]) -> Body:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as wrong:
        raise Invalid(errors=faults_of(wrong)) from None
    except RecursionError:
        raise NotUnderstood(why=TOO_DEEP) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as broken:
        raise NotUnderstood(why=f"it is not JSON ({broken})") from None


def _answered(answer: Answer, it: Registered | Booked) -> Response[Answer]:
    if it.is_repeat:
        return Response(answer, status_code=200, headers={"Idempotent-Replayed": "true"})
    return Response(answer, status_code=202 if it.state == "waiting" else 201)


def _event(event: EventFacts, slots: list[SlotFacts], brands: dict[int, str], *, at: datetime) -> EventShown:
    bookable = [slot for slot in slots if slot.event == event.id and slot.is_bookable(at)]
    return EventShown(
        code=event.code, name=event.name, campaign=event.campaign_code, time_zone=event.time_zone,
        starts_on=str(event.starts_on) if event.starts_on else None,
        ends_on=str(event.ends_on) if event.ends_on else None,
        starts_at=event.starts_at, ends_at=event.ends_at, venue=event.venue, address=event.address,
        region=event.region, full=event.is_full,
        slots=[
            SlotShown(one.id, one.kind, one.name, brands.get(one.brand or 0), one.model, one.starts_at, one.minutes,
                      one.places, one.left, one.waiting)
            for one in bookable
        ],
    )  # fmt: skip


def _registration(it: Registered, event: EventFacts, principal: str) -> RegistrationAnswer:
    person = vault.outside_reference(principal, it.person)
    return RegistrationAnswer(it.id, it.external_id, event.code, it.state, it.position, it.code, person)


def _booking(it: Booked, event: EventFacts, principal: str, *, offer_until: datetime | None) -> BookingAnswer:
    person = vault.outside_reference(principal, it.person)
    return BookingAnswer(
        it.id, it.external_id, event.code, it.slot, it.state, it.position, offer_until, it.registration, person
    )


def _body(name: str) -> RequestBody:
    schema = Reference(ref=f"#/components/schemas/{name}")
    return RequestBody(content={"application/json": OpenAPIMediaType(schema=schema)}, required=True)


CONTROLLERS = (Events, EventBookings)
