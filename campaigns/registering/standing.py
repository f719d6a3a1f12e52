"""How registrations and bookings stand at this moment, for whoever may ask: the source that sent them, or their own guest.

Promises a guest what their own form said, and nothing of another form of theirs. Refuses what is another source's like what is not there.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from campaigns import events
from campaigns.events import EventFacts, SlotFacts
from campaigns.registering import lines, reading
from campaigns.registering.lines import EVENT, SLOT
from campaigns.registering.reading import Sealed, Wish
from campaigns.registering.shapes import Booked, State
from crm.database import current
from crm.errors import NotThere
from crm.sources import Sender


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A registration or booking as it stands: `position` in the line of now, `offer_until` while a place is kept."""

    id: UUID
    state: State
    position: int | None
    offer_until: datetime | None
    sequence: int


class BookingNow(msgspec.Struct, frozen=True):
    """A booking with its slot."""

    entry: Entry
    slot: SlotFacts
    done_at: datetime | None


class GuestNow(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a guest's own page shows; personal, so never to be logged."""

    entry: Entry
    event: EventFacts
    said: Sealed
    language: str
    link: UUID
    code: str
    person: UUID
    observation: UUID
    wishes: list[Wish]
    bookings: list[BookingNow]
    registered_at: datetime
    attended_at: datetime | None

    @property
    def standing_bookings(self) -> list[BookingNow]:
        """Those that were not cancelled, one per slot."""
        return list({one.slot.id: one for one in self.bookings if one.entry.state != "cancelled"}.values())


async def of_guest(registration: UUID) -> GuestNow:
    """A registration with all that belongs to it."""
    rows = await current().fetch(_GUEST, registration)
    if not rows:
        raise NotThere
    row = rows[0]
    event = await events.by_id(row["event"])
    return GuestNow(
        entry=await _entry(EVENT, event.id, row),
        event=event,
        said=reading.opened(row["sealed"], registration=registration),
        language=row["language"],
        link=row["link"],
        code=row["code"],
        person=row["person"],
        observation=row["observation"],
        wishes=await wishes_of(registration),
        bookings=await _bookings(registration, event=event),
        registered_at=row["registered_at"],
        attended_at=row["attended_at"],
    )


async def wishes_of(registration: UUID) -> list[Wish]:
    """The cars that a guest wants to see, in their order."""
    rows = await current().fetch(
        "select brand, model from registration_wish where registration = $1 order by rank", registration
    )
    return [Wish(*row.values()) for row in rows]


async def booking_of_source(external_id: str, *, slot: int, source: Sender) -> tuple[Booked, datetime | None]:
    """A booking as it stands now, and until when a place is kept for it; for the source that sent it, for others there is none."""
    row = await current().fetchrow(_OF_SOURCE, external_id, slot, source.id)
    if row is None:
        raise NotThere
    entry = await _entry(SLOT, slot, row)
    booked = Booked(
        id=row["id"], external_id=external_id, event=row["event"], slot=slot, registration=row["registration"],
        person=row["person"], state=entry.state, position=entry.position,
    )  # fmt: skip
    return booked, entry.offer_until


async def _bookings(registration: UUID, *, event: EventFacts) -> list[BookingNow]:
    rows: Sequence[Record] = await current().fetch(
        "select id, slot, state, position, offer_until, sequence, done_at from booking where registration = $1 order by id",
        registration,
    )
    known = {slot.id: slot for slot in await events.slots([event.id])} if rows else {}
    return [BookingNow(await _entry(SLOT, row["slot"], row), known[row["slot"]], row["done_at"]) for row in rows]


async def _entry(kind: lines.Kind, scarce: int, row: Record) -> Entry:
    waits = row["state"] == "waiting"
    position = await lines.ahead(kind, scarce, row["position"]) + 1 if waits else None
    return Entry(
        id=row["id"], state=row["state"], position=position, offer_until=row["offer_until"], sequence=row["sequence"]
    )


_GUEST = """
select id, event, state, position, offer_until, sequence, sealed, language, link, code, person, observation, registered_at, attended_at
from registration where id = $1
"""
_OF_SOURCE = """
select booking.id, registration.event, booking.registration, registration.person, booking.state, booking.position,
       booking.offer_until, booking.sequence
from booking join registration on registration.id = booking.registration
where booking.external_id = $1 and booking.slot = $2 and booking.source = $3
"""
