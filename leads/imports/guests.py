"""Lists of guests of one event: what every row would become, every row brought in, and the guests told once somebody has seen the result.

Promises that a guest at the form waits for one row, never for a file: each is a transaction of its own, with the note of its fate; and that
nobody is written to before one of us says so. A brand's list has a name of its own among sources, so that its people learn nothing of another's.
Refuses more than 5,000 rows, and events that are over.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from campaigns import events, registering
from campaigns.registering import EVENT, SLOT, OfFile, Registered, entries, telling
from campaigns.registering import reading as meaning
from crm import access, reference
from crm.database import current, transaction
from crm.errors import Busy, Fault, Invalid, Refused
from crm.sources import Sender, sender
from leads.imports import reports, rows
from leads.imports.checking import Checked
from leads.imports.rows import SOURCE_KIND, Fated
from leads.sources import guest_list, sheets
from leads.sources.cars import CarNames
from leads.sources.guest_list import Occasion, Row

MOST = 5000
AT_ONCE = 25  # rows between two looks at what else there is to do
SOURCE = "guest-list"
CAME_BEFORE = "This guest came before; it changes nothing."
DIFFERS = (
    "This guest came before with other contents; what came first stands. Guests who share a contact need a number each."
)
WAS_CANCELLED = "This guest came before and was cancelled since; it stays so."
IN_LINE = "This time is full; they stand on its waiting list."
BOOKS_LATER = "The event is full, so no time is booked for them yet."


class TooManyGuests(Refused):
    status = 422
    sentence = "This list has {rows} rows. Bring in at most {most} guests at once: split it into several files."


class NotNow(Refused):
    sentence = "This import has moved on meanwhile; look at it again."


class GuestList(NamedTuple):
    """A list ready to be taken in."""

    sheet: sheets.Sheet
    cars: CarNames
    sender: Sender
    of: Occasion


async def source_of(brand: int | None) -> int:
    """The source under whose name a brand's people, or the alliance's, bring in lists; made when it is new."""
    code = SOURCE if brand is None else f"{SOURCE}-{(await reference.load()).brand(brand).code}"
    return await access.make_source(code, kind=SOURCE_KIND)


def refuse_many(rows_of_list: int) -> None:
    """Refuses a list that is longer than one import takes."""
    if rows_of_list > MOST:
        raise TooManyGuests(rows=rows_of_list, most=MOST)


async def refuse_over(event: int, *, at: datetime) -> None:
    """Refuses an event that is over."""
    if (await events.by_id(event)).phase(at) == "over":
        raise registering.EventOver


async def ready(sheet: sheets.Sheet, *, event: int, brand: int | None, source: int, at: datetime) -> GuestList:
    """What every row of the list needs, as it is now."""
    known = await reference.load()
    facts = await events.by_id(event)
    slots = [
        slot
        for slot in await events.slots([event])
        if slot.is_bookable(at) and slot.brand in (None, brand or slot.brand)
    ]
    partners = await events.partners(facts.campaign)
    occasion = Occasion(
        event=facts,
        slots=slots,
        partners=frozenset(known.brand(one).code for one in partners),
        brand=known.brand(brand).code if brand is not None else None,
    )
    return GuestList(sheet, CarNames(known), await sender(source), occasion)


def batch(work: GuestList, *, start: int, at: datetime, limit: int | None = None) -> list[Row]:
    """The next rows from `start`, read; all that are left without a limit."""
    return list(islice(guest_list.rows(work.sheet, cars=work.cars, of=work.of, at=at, start=start), limit))


async def foresee(work: GuestList, *, at: datetime) -> tuple[list[Fated], Checked]:
    """What every row would become if nobody else came meanwhile, and how often what is to be said."""
    fresh = batch(work, start=0, at=at)
    before = await _came_before(fresh, work)
    words = await reference.load()
    partners = await events.partners(work.of.event.campaign)
    room = _Room(work)
    fated: list[Fated] = []
    for row in fresh:
        if row.body is None:
            fated.append(Fated(row, "error", row.faults))
        elif (first := before.get(row.body.external_id)) is not None:
            fated.append(_repeat(row, "duplicate", work, *first))
        elif faults := meaning.read(row.body, reference=words, partners=partners, channels={}).faults:
            fated.append(Fated(row, "error", [rows.in_words_of(work.sheet, fault) for fault in faults]))
        else:
            before[row.body.external_id] = entries.body_hash(row.body), "confirmed"
            fated.append(room.take(row))
    return fated, _counted(fated)


async def bring_in(row: Row, work: GuestList, *, import_id: UUID, at: datetime) -> Fated:
    """Register the guest of a row and note its fate, in the caller's transaction; a refusal flies."""
    if row.body is None:
        fated = Fated(row, "error", row.faults)
    else:
        came = await registering.register(
            row.body,
            event=work.of.event,
            source=work.sender,
            at=at,
            raw=row.raw,
            slot=row.slot,
            by="staff",
            of_file=OfFile(import_id, row.number, row.said_at),
        )
        fated = await _fated(row, came, work)
    await rows.note([fated], import_id=import_id)
    return fated


def refused(row: Row, wrong: Refused, work: GuestList) -> Fated:
    """The fate of a row that was refused as it came in."""
    faults = (
        wrong.errors if isinstance(wrong, Invalid) else [Fault(path="slot" if row.slot else "line", message=str(wrong))]
    )
    return Fated(row, "error", [rows.in_words_of(work.sheet, fault) for fault in faults])


async def advance(import_id: UUID, work: GuestList, *, start: int, at: datetime) -> int:
    """Bring in the next rows from `start`; says how many, fewer when another worker took over or it was stopped."""
    fresh = batch(work, start=start, at=at, limit=AT_ONCE)
    for done, row in enumerate(fresh):
        try:
            await enter(row, work, import_id=import_id, at=at, place=start + done)
        except NotNow:
            return done
    return len(fresh)


async def enter(row: Row, work: GuestList, *, import_id: UUID, at: datetime, place: int | None = None) -> Fated:
    """Bring a row in, in a transaction of its own, or note why not; refuses when the import does not stand at this place any more."""
    try:
        async with transaction():
            await _claim(import_id, place)
            return await bring_in(row, work, import_id=import_id, at=at)
    except (Busy, NotNow):
        raise
    except Refused as wrong:
        fated = refused(row, wrong, work)
        async with transaction():
            await _claim(import_id, place)
            await rows.note([fated], import_id=import_id)
        return fated


async def untold(import_id: UUID) -> int:
    """How many guests of a list stand in it and were never written to."""
    return len(await current().fetch(_UNTOLD, import_id, list(rows.MADE)))


async def tell(import_id: UUID, *, at: datetime) -> int:
    """Write to every guest of a list who was not written to yet: that they have a place, or wait. Says how many."""
    untold_ones: Sequence[Record] = await current().fetch(
        f"{_UNTOLD} order by registration.id for no key update of registration", import_id, list(rows.MADE)
    )
    bookings = await current().fetch(_BOOKED, [row["id"] for row in untold_ones])
    # One message is enough: that of a time says when and where as well.
    with_time = {row["registration"] for row in bookings}
    for state in ("confirmed", "waiting"):
        booked = [row["id"] for row in bookings if row["state"] == state]
        plain = [row["id"] for row in untold_ones if row["state"] == state and row["id"] not in with_time]
        if booked:
            await telling.tell(SLOT, booked, state, at=at)
        if plain:
            await telling.tell(EVENT, plain, state, at=at)
    await current().execute("update import set told_at = $2 where id = $1", import_id, at)
    return len(untold_ones)


class _Room:
    """The places that a dry run gives away in thought."""

    def __init__(self, work: GuestList) -> None:
        event = work.of.event
        self.sheet = work.sheet
        self.places = None if event.capacity is None else event.capacity - event.taken
        self.left = {slot.id: slot.left for slot in work.of.slots}

    def take(self, row: Row) -> Fated:
        notes = rows.notes_of(row)
        if self.places is not None and self.places <= 0:
            if row.slot is not None:
                notes.append(Fault(path=self.sheet.name_of("slot"), message=BOOKS_LATER))
            return Fated(row, "line", notes)
        if self.places is not None:
            self.places -= 1
        if row.slot is not None:
            if self.left[row.slot] <= 0:
                notes.append(Fault(path=self.sheet.name_of("slot"), message=IN_LINE))
            self.left[row.slot] -= 1
        return Fated(row, "place", notes)


async def _came_before(fresh: Sequence[Row], work: GuestList) -> dict[str, tuple[bytes, str]]:
    names = [row.body.external_id for row in fresh if row.body]
    found = await current().fetch(_CAME_BEFORE, work.sender.id, names)
    return {row["external_id"]: (row["body_hash"], row["state"]) for row in found}


def _repeat(row: Row, fate: rows.Fate, work: GuestList, body_hash: bytes, state: str) -> Fated:
    if row.body is None:
        raise TypeError("only a row that can be read repeats another")
    said = CAME_BEFORE if entries.body_hash(row.body) == body_hash else DIFFERS
    path = next((field for field in guest_list.NAMED_BY if field in work.sheet.fields), "line")
    message = WAS_CANCELLED if state == "cancelled" else said
    return Fated(row, fate, [Fault(path=work.sheet.name_of(path), message=message)])


async def _fated(row: Row, came: Registered, work: GuestList) -> Fated:
    if came.is_repeat:
        [first] = (await _came_before([row], work)).values()
        return _repeat(row, "repeat", work, *first)._replace(observation=came.observation)
    notes = rows.notes_of(row)
    if row.slot is not None:
        bookings = await current().fetch("select id, state from booking where registration = $1", came.id)
        # Nothing goes out before somebody has seen what the list did.
        await telling.forget(SLOT, [booking["id"] for booking in bookings])
        if not bookings:
            notes.append(Fault(path=work.sheet.name_of("slot"), message=BOOKS_LATER))
        elif bookings[0]["state"] == "waiting":
            notes.append(Fault(path=work.sheet.name_of("slot"), message=IN_LINE))
    await telling.forget(EVENT, [came.id])
    return Fated(row, "waiting" if came.state == "waiting" else "registered", notes, came.observation)


async def _claim(import_id: UUID, place: int | None) -> None:
    """The import is ours until the transaction ends, if it still runs and stands at this place; None for whoever has it alone."""
    if place is not None and await current().fetchval(_CLAIM, import_id) != place:
        raise NotNow


def _counted(fated: Sequence[Fated]) -> Checked:
    failed = [one for one in fated if one.fate == "error"]
    noted = [one for one in fated if one.fate in ("place", "line")]
    return Checked(
        fates=dict(Counter(one.fate for one in fated)), reasons=reports.counted(failed), notes=reports.counted(noted)
    )


_CLAIM = "select rows from import where id = $1 and state in ('queued', 'running') for update skip locked"
_CAME_BEFORE = """
select external_id, body_hash, state from registration where source = $1 and external_id = any($2)
"""
_UNTOLD = """
select registration.id, registration.state
from import_row join registration on registration.observation = import_row.observation
where import_row.import_id = $1 and import_row.fate = any($2) and registration.state in ('confirmed', 'waiting')
      and not exists (select from guest_message where guest_message.registration = registration.id)
"""
_BOOKED = """
select id, registration, state from booking where registration = any($1::uuid[]) and state in ('confirmed', 'waiting') order by id
"""
