"""The guests of a campaign for those who work with them: looked through, page by page, and taken away as a file.

Promises names in clear only where crm.sight allows, phones masked for everybody, and to a brand's own people nothing about a guest who has
not agreed to be known to it: neither a name nor whether somebody they look for is there. What is looked for stands in addresses only sealed.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec
from asyncpg import Record

from campaigns.registering import reading
from campaigns.registering.reading import Wish
from campaigns.registering.shapes import State
from crm import addresses, masks, normalise, paging, sight
from crm.database import current
from crm.errors import NotThere
from crm.paging import Mark
from crm.people import finding
from crm.roles import EVERYTHING, Condition, Scope, numbered

PAGE = 50
LOOKED_AT = 5000  # matches of one text, the latest
LONGEST = 120
_PLACE = "list|q|guests"

Shown = Literal["confirmed", "waiting", "offered", "cancelled", "attended", "joined"]
SHOWN: tuple[Shown, ...] = get_args(Shown)


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which guests; `state` attended are those who were there, joined the second forms of people who are in the list already."""

    campaign: int
    event: int | None = None
    slot: int | None = None
    state: Shown | None = None
    brand: int | None = None
    text: str = ""


class Booked(msgspec.Struct, frozen=True):
    """A booking in a guest's row."""

    id: UUID
    slot: int
    starts_at: datetime
    state: State
    done_at: datetime | None


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """A guest as the reader may see them; `name` and `phone` are None where they are not to be known, or nobody said."""

    id: UUID
    event: str
    event_name: str
    state: State
    registered_at: datetime
    attended_at: datetime | None
    code: str
    name: str | None
    phone: str | None
    is_known: bool
    wishes: tuple[Wish, ...]
    bookings: tuple[Booked, ...]
    channel: str | None

    @property
    def mark(self) -> Mark:
        """Its place in the list."""
        return Mark(self.registered_at, self.id)


class Totals(msgspec.Struct, frozen=True):
    """How many guests the filters leave, and how many of them stand how."""

    guests: int
    confirmed: int
    waiting: int
    attended: int


def sealed(text: str) -> str:
    """What somebody looks for, as it may stand in an address: readable by us alone."""
    return addresses.sealed(text.strip()[:LONGEST], place=_PLACE)


def opened(text: str | None) -> str:
    """What somebody looked for; nothing for what we did not seal."""
    return (addresses.opened(text or "", place=_PLACE) or "")[:LONGEST]


async def listed(
    filters: Filters, scope: Scope, *, after: Mark | None = None, before: Mark | None = None, limit: int = PAGE
) -> paging.Page[Guest]:
    """A page of guests, the latest first."""
    back = paging.goes_back(after=after, before=before)
    mark = before if back else after
    beyond = EVERYTHING
    if mark is not None:
        sign = ">" if back else "<"
        beyond = Condition(f"(registration.registered_at, registration.id) {sign} ({{}}, {{}})", (mark.at, mark.id))
    text, values = numbered(
        _LIST.replace("<way>", "asc" if back else "desc"), [*_conditions(filters, scope), beyond], limit + 1
    )
    found = paging.cut(await current().fetch(text, *values), limit=limit, after=after, before=before)
    guests = await _guests(found.rows, scope)
    if filters.text:
        # Whoever may not know a guest does not learn either that the one they look for is there.
        guests = [guest for guest in guests if guest.is_known]
    return paging.Page(tuple(guests), found.goes_on_before, found.goes_on_after)


async def totals(filters: Filters, scope: Scope) -> Totals:
    """How many there are, without saying who: a brand's own people count all their guests, whomever they look for."""
    if not scope.sees_all_brands:
        filters = msgspec.structs.replace(filters, text="")
    text, values = numbered(_TOTALS, _conditions(filters, scope))
    row = await current().fetchrow(text, *values)
    return Totals(*row.values()) if row else Totals(0, 0, 0, 0)


async def one(registration: UUID, scope: Scope) -> Guest:
    """One guest; NotThere for one beyond the scope."""
    text, values = numbered(
        _LIST.replace("<way>", "desc"),
        [Condition("registration.id = {}", (registration,)), scope.of_registrations(), EVERYTHING],
        1,
    )
    rows = await current().fetch(text, *values)
    if not rows:
        raise NotThere
    [guest] = await _guests(rows, scope)
    return guest


def _conditions(filters: Filters, scope: Scope) -> list[Condition]:
    narrowed = Condition("registration.campaign = {}", (filters.campaign,))
    if filters.event is not None:
        narrowed &= Condition("registration.event = {}", (filters.event,))
    if filters.slot is not None:
        seen = _of_slots(scope)
        there = (
            "exists (select from booking join slot on slot.id = booking.slot where booking.registration = registration.id "
            f"and booking.slot = {{}} and booking.state <> 'cancelled' and {seen.text})"
        )
        narrowed &= Condition(there, (filters.slot, *seen.values))
    if filters.brand is not None:
        wished = "exists (select from registration_wish as wish where wish.registration = registration.id and wish.brand = {})"
        narrowed &= Condition(wished, (filters.brand,))
    if filters.text:
        narrowed &= Condition(_MEANT, (finding.digests_for(filters.text), LOOKED_AT))
    return [narrowed & _standing(filters.state), scope.of_registrations()]


def _standing(state: Shown | None) -> Condition:
    if state == "joined":
        return Condition("registration.joins is not null")
    first = Condition("registration.joins is null")
    if state == "attended":
        return first & Condition("registration.attended_at is not null")
    return first & (Condition("registration.state = {}", (state,)) if state else EVERYTHING)


async def _guests(rows: Sequence[Record], scope: Scope) -> list[Guest]:
    known = await sight.names_in_clear({row["person"] for row in rows}, scope)
    ids = [row["id"] for row in rows]
    wishes, bookings = await _wishes(ids, scope), await _bookings(ids, scope)
    return [
        _guest(row, known=known, wishes=wishes.get(row["id"], ()), bookings=bookings.get(row["id"], ())) for row in rows
    ]


def _guest(row: Record, *, known: Collection[UUID], wishes: tuple[Wish, ...], bookings: tuple[Booked, ...]) -> Guest:
    said = reading.opened(row["sealed"], registration=row["id"])
    is_known = row["person"] in known
    return Guest(
        id=row["id"],
        event=row["event"],
        event_name=row["event_name"],
        state=row["state"],
        registered_at=row["registered_at"],
        attended_at=row["attended_at"],
        code=row["code"],
        name=said.name if is_known else None,
        phone=_masked(said) if is_known else None,
        is_known=is_known,
        wishes=wishes,
        bookings=bookings,
        channel=row["channel"],
    )


def _masked(said: reading.Sealed) -> str | None:
    if said.phone:
        try:
            phone = normalise.phone(said.phone)
        except normalise.Unreadable:
            return None
        return masks.number(phone.e164) if phone.e164 else phone.masked
    return masks.email(said.email) if said.email and "@" in said.email else None


async def _wishes(registrations: Sequence[UUID], scope: Scope) -> dict[UUID, tuple[Wish, ...]]:
    text, values = numbered(_WISHES, [scope.of_brands("brand")], list(registrations))
    found: dict[UUID, tuple[Wish, ...]] = {}
    for row in await current().fetch(text, *values):
        found[row["registration"]] = (*found.get(row["registration"], ()), Wish(row["brand"], row["model"]))
    return found


def _of_slots(scope: Scope) -> Condition:
    """True for slots that may be seen: those of no brand, and those in whose car the reader's brand is driven."""
    mine = scope.of_brands("slot.brand")
    return Condition(f"(slot.brand is null or {mine.text})", mine.values)


async def _bookings(registrations: Sequence[UUID], scope: Scope) -> dict[UUID, tuple[Booked, ...]]:
    text, values = numbered(_BOOKINGS, [_of_slots(scope)], list(registrations))
    found: dict[UUID, tuple[Booked, ...]] = {}
    for row in await current().fetch(text, *values):
        found[row["registration"]] = (*found.get(row["registration"], ()), Booked(*list(row.values())[1:]))
    return found


# Registrations with the person of today. Grain: one row per registration. $1 limit. Conditions: which, within the scope, beyond a mark.
_LIST = """
select registration.id, event.code as event, event.name as event_name, registration.state, registration.registered_at,
       registration.attended_at, registration.code, registration.sealed, link.person, channel.name as channel
from registration
join event on event.id = registration.event
join link on link.observation = registration.observation and link.closed_at is null
left join channel on channel.id = registration.channel
where {} and {} and {}
order by registration.registered_at <way>, registration.id <way>
limit $1
"""
_TOTALS = """
select count(*), count(*) filter (where registration.state in ('confirmed', 'offered')),
       count(*) filter (where registration.state = 'waiting'), count(*) filter (where registration.attended_at is not null)
from registration where {} and {}
"""
_MEANT = """registration.observation in (
    select observation from search_key where match_key = any({}::bytea[]) order by captured_at desc limit {}
)"""
_WISHES = """
select registration, brand, model from registration_wish where registration = any($1::uuid[]) and {} order by registration, rank
"""
_BOOKINGS = """
select booking.registration, booking.id, booking.slot, slot.starts_at, booking.state, booking.done_at
from booking join slot on slot.id = booking.slot
where booking.registration = any($1::uuid[]) and booking.state <> 'cancelled' and {}
order by booking.registration, slot.starts_at, booking.id
"""
