"""What may be said about coming to an event, and what is answered: the wire shapes of registrations and bookings.

Promises known words in every closed field. Refuses unknown fields; whether a phone is a phone and a brand exists is for `reading`.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crm.wire import PLAIN, Code, ConsentSaid, ExternalId, Line, PersonSaid, PlaceSaid, Wire

State = Literal["confirmed", "waiting", "offered", "cancelled"]
Language = Literal["zh", "en"]
MOST_WISHES = 20
FORM_SOURCE = "registration-page"  # the source of what the public form brings in

# A booking of somebody new makes a registration, named after it.
BookingId = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=PLAIN)]


class GuestSaid(Wire):
    """Who comes: a name if they like, and a phone number or an e-mail address."""

    name: Line | None = None
    phone: Line | None = None
    email: Line | None = None

    def as_person(self) -> PersonSaid:
        """The same in the shape in which persons are read."""
        return PersonSaid(name=self.name, phone=self.phone, email=self.email)


class WishSaid(Wire):
    """A car they want to see: a brand, a model, or both."""

    brand: Code | None = None
    model: Code | None = None


class RegistrationBody(Wire):
    """Somebody comes to an event; `channel` is the code of the way by which they heard of it."""

    external_id: ExternalId
    person: GuestSaid
    wishes: Annotated[list[WishSaid], msgspec.Meta(max_length=MOST_WISHES)] = []
    place: PlaceSaid | None = None
    language: Language | None = None
    channel: Code | None = None
    consents: Annotated[list[ConsentSaid], msgspec.Meta(max_length=60)] = []


class BookingBody(Wire):
    """Somebody wants a place in a slot; who is not registered for the event becomes so."""

    external_id: BookingId
    person: GuestSaid
    language: Language | None = None
    consents: Annotated[list[ConsentSaid], msgspec.Meta(max_length=60)] = []

    def as_registration(self) -> RegistrationBody:
        """The registration that it makes for somebody who has none."""
        return RegistrationBody(
            external_id=f"booking:{self.external_id}",
            person=self.person,
            language=self.language,
            consents=self.consents,
        )


class OfFile(msgspec.Struct, frozen=True):
    """The row of a file that somebody comes by; `said_at` is when they said what stands there, if anybody wrote that down."""

    import_id: UUID
    row: int
    said_at: datetime | None


class Place(msgspec.Struct, frozen=True):
    """Where an entry stands: `number` is its place in the order of all who ever waited there, `position` in the line of now (1 is next)."""

    state: State
    number: int | None = None
    position: int | None = None


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A registration as its verbs answer it."""

    id: UUID
    external_id: str
    event: int
    campaign: int
    person: UUID
    observation: UUID
    link: UUID
    code: str
    state: State
    position: int | None
    is_repeat: bool = False


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """A booking as its verbs answer it."""

    id: UUID
    external_id: str
    event: int
    slot: int
    registration: UUID
    person: UUID
    state: State
    position: int | None
    is_repeat: bool = False
