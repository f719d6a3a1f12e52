"""Planning events and their slots: when, where, how many places; opened for registration, closed, moved.

Promises that a change of places moves people up at once, that guests of what is moved are told, and that nobody loses a place by a smaller
number. Refuses codes that are there already, ends before starts, and a change over somebody else's.
"""

import re
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from campaigns import events
from campaigns.events import EventFacts, SlotFacts
from campaigns.registering import leaving, lines, telling
from campaigns.registering.lines import EVENT, SLOT, Kind
from campaigns.tables import Event, Slot
from crm import history, places, reference
from crm.database import current
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.languages import later, say

SlotKind = Literal["session", "test_drive"]
CODE = re.compile(r"[\w-]{1,80}")
CODE_NEEDED = later("A code is 1 to 80 letters, digits or dashes; it stands in the event’s address.")
CODE_TAKEN = later("There is an event with this code already.")
ENDS_FIRST = later("The end must come after the beginning.")
NO_PLACE = later("We know no such place; name a city or a district.")
NO_MODEL = later("Please choose one of the list.")
BEFORE_EVENT = later("This time lies outside the days of the event.")


class EventIsNewer(Refused):
    sentence = "Somebody changed this event in the meantime. Look at it again, then change it."


class EventSaid(msgspec.Struct, frozen=True, kw_only=True):
    """An event as somebody plans it; times are aware, `city` is a place as people write it, no capacity is no limit."""

    name: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    venue: str | None = None
    address: str | None = None
    city: str | None = None
    capacity: int | None = None
    offer_minutes: int | None = None


class SlotSaid(msgspec.Struct, frozen=True, kw_only=True):
    """A slot as somebody plans it; a test drive names its model."""

    kind: SlotKind
    starts_at: datetime
    minutes: int
    places: int
    name: str | None = None
    model: str | None = None


async def add_event(code: str, said: EventSaid, *, campaign: int, actor: str, at: datetime) -> EventFacts:
    """A new event of a campaign, closed until somebody opens it."""
    zone = await zone_of(campaign)
    faults = _faults(said) + ([] if CODE.fullmatch(code) else [Fault(path="code", message=say(CODE_NEEDED))])
    region = _region(said.city, faults=faults)
    if await current().fetchval("select exists (select from event where code = $1)", code):
        faults.append(Fault(path="code", message=say(CODE_TAKEN)))
    if faults:
        raise Invalid(errors=faults)
    row = Event(campaign=campaign, code=code, **_columns(said, zone=zone), region=region, capacity=said.capacity)
    await row.save()
    await history.note(actor, "event_added", "event", code, at=at)
    return await events.by_id(row.id)


async def change_event(event: EventFacts, said: EventSaid, *, version: int, actor: str, at: datetime) -> None:
    """The event is so from now on; guests are told where day, time or place moved, and those who wait move up into new places."""
    faults = _faults(said)
    region = _region(said.city, faults=faults) if said.city else event.region
    if faults:
        raise Invalid(errors=faults)
    await lines.lock(EVENT, event.id)
    if await current().fetchval("select version from event where id = $1", event.id) != version:
        raise EventIsNewer
    columns = _columns(said, zone=event.zone) | {"region": region}
    has_moved = _has_moved(event, columns)
    for slot in sorted(slot.id for slot in await events.slots([event.id])) if has_moved else []:
        await lines.lock(SLOT, slot)
    await Event.update(columns | {"version": version + 1}).where(Event.id == event.id)
    # Once more, for the line ends when the event begins: one that moved to later has places to give.
    line = await lines.lock(EVENT, event.id)
    await _moved_up(EVENT, await lines.resize(line, said.capacity, at=at), at=at)
    if has_moved:
        await _tell_moved(EVENT, "event = $1", event.id, at=at)
        await _tell_moved(SLOT, "slot in (select slot.id from slot where slot.event = $1)", event.id, at=at)
    await history.note(actor, "event_changed", "event", event.code, at=at)


async def open_event(event: EventFacts, *, actor: str, at: datetime) -> None:
    """Anybody may register from now on."""
    await current().execute(
        "update event set is_open = true, opened_at = coalesce(opened_at, $2), version = version + 1 where id = $1",
        event.id,
        at,
    )
    await history.note(actor, "event_opened", "event", event.code, at=at)


async def close_event(event: EventFacts, *, actor: str, at: datetime) -> None:
    """Nobody new registers; who did keeps their place."""
    await current().execute("update event set is_open = false, version = version + 1 where id = $1", event.id)
    await history.note(actor, "event_closed", "event", event.code, at=at)


async def zone_of(campaign: int) -> ZoneInfo:
    """Where the clocks of a campaign hang, and those of its events."""
    name = await current().fetchval("select time_zone from campaign where id = $1", campaign)
    if name is None:
        raise NotThere
    return ZoneInfo(name)


async def add_slot(event: EventFacts, said: SlotSaid, *, actor: str, at: datetime) -> SlotFacts:
    """A new time that can be booked."""
    brand, model = await _car(event, said)
    row = Slot(event=event.id, brand=brand, model=model, taken=0, **_of_slot(said), places=said.places)
    await row.save()
    await history.note(actor, "slot_added", "event", event.code, at=at, slot=row.id)
    return await events.slot(row.id, event=event.id)


async def change_slot(slot: SlotFacts, said: SlotSaid, *, event: EventFacts, actor: str, at: datetime) -> None:
    """The slot is so from now on; refuses fewer places than are taken, moves people up into new ones, tells those whose time moved."""
    brand, model = await _car(event, said)
    await lines.lock(SLOT, slot.id)
    columns = _of_slot(said) | {"brand": brand, "model": model}
    await Slot.update(columns | {"version": slot.version + 1}).where(Slot.id == slot.id)
    # Once more, for the line ends when the slot begins.
    line = await lines.lock(SLOT, slot.id)
    await _moved_up(SLOT, await lines.resize(line, said.places, at=at), at=at)
    if said.starts_at != slot.starts_at or said.minutes != slot.minutes:
        await _tell_moved(SLOT, "slot = $1", slot.id, at=at)
    await history.note(actor, "slot_changed", "event", event.code, at=at, slot=slot.id)


async def close_slot(slot: SlotFacts, *, event: EventFacts, actor: str, at: datetime) -> None:
    """Nobody new books it; who did keeps their place, and who waits may still move up."""
    await current().execute("update slot set closed_at = $2, version = version + 1 where id = $1", slot.id, at)
    await history.note(actor, "slot_closed", "event", event.code, at=at, slot=slot.id)


async def open_slot(slot: SlotFacts, *, event: EventFacts, actor: str, at: datetime) -> None:
    """It can be booked again."""
    await current().execute("update slot set closed_at = null, version = version + 1 where id = $1", slot.id)
    await history.note(actor, "slot_opened", "event", event.code, at=at, slot=slot.id)


async def _moved_up(kind: Kind, moved: lines.Moved, *, at: datetime) -> None:
    await telling.moved_up(kind, moved, at=at)
    if moved.entries and moved.state == "confirmed":
        await leaving.leads_due(kind, moved.entries, at=at)


async def _tell_moved(kind: Kind, which: str, number: int, *, at: datetime) -> None:
    rows = await current().fetch(
        f"""
        update {kind.entries} set sequence = sequence + 1, version = version + 1
        where {which} and state in ('confirmed', 'offered') returning id, state
        """,
        number,
    )
    known = await telling.known_by_bookings([row["id"] for row in rows]) if kind is EVENT else set()
    moved: dict[UUID, str] = {row["id"]: row["state"] for row in rows if row["id"] not in known}
    await telling.tell(kind, list(moved), "changed", at=at)
    await telling.remind(kind, [one for one, state in moved.items() if state == "confirmed"], at=at)


def _has_moved(event: EventFacts, columns: dict[Any, Any]) -> bool:
    moving = ("starts_at", "ends_at", "starts_on", "ends_on", "venue", "address", "region")
    return any(getattr(event, name) != columns[name] for name in moving)


def _columns(said: EventSaid, *, zone: ZoneInfo) -> dict[Any, Any]:
    return {
        "name": said.name,
        "starts_at": said.starts_at,
        "ends_at": said.ends_at,
        "starts_on": said.starts_at.astimezone(zone).date() if said.starts_at else said.starts_on,
        "ends_on": said.ends_at.astimezone(zone).date() if said.ends_at else said.ends_on or said.starts_on,
        "venue": said.venue,
        "address": said.address,
        "offer_minutes": said.offer_minutes,
    }


def _faults(said: EventSaid) -> list[Fault]:
    pairs = ((said.starts_at, said.ends_at), (said.starts_on, said.ends_on))
    turned = any(one is not None and other is not None and one > other for one, other in pairs)
    same = said.starts_at is not None and said.starts_at == said.ends_at
    return [Fault(path="ends", message=say(ENDS_FIRST))] if turned or same else []


def _region(city: str | None, *, faults: list[Fault]) -> str | None:
    if not city:
        return None
    region = places.resolve(city).region
    if region is None:
        faults.append(Fault(path="city", message=say(NO_PLACE)))
    return region


def _of_slot(said: SlotSaid) -> dict[Any, Any]:
    return {"kind": said.kind, "name": said.name, "starts_at": said.starts_at, "minutes": said.minutes}


async def _car(event: EventFacts, said: SlotSaid) -> tuple[int | None, int | None]:
    """The brand and model that are driven; refuses those nobody knows, and a time that is not the event's."""
    faults = []
    model = (await reference.load()).models.get(said.model.upper()) if said.model else None
    if said.model and model is None:
        faults.append(Fault(path="model", message=say(NO_MODEL)))
    too_late = event.ends is not None and said.starts_at >= event.ends
    too_early = event.starts_on is not None and said.starts_at.astimezone(event.zone).date() < event.starts_on
    if too_late or too_early:
        faults.append(Fault(path="starts", message=say(BEFORE_EVENT)))
    if faults:
        raise Invalid(errors=faults)
    return (model.brand, model.id) if model else (None, None)
