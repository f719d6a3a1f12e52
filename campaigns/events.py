"""Events as everybody asks for them: facts of one, those of a campaign, their slots and how many come, per brand too.

Promises that an event of a campaign which the reader may not see is not there, and that to the public one that was never opened is not
there either. Changing them is `campaigns.scheduling`, coming to them `campaigns.registering`.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from crm.database import current, statement
from crm.errors import NotKnown, NotThere
from crm.roles import EVERYTHING, Condition, Scope, numbered

Phase = Literal["open", "closed", "over"]


class EventFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its campaign; days and times are in `time_zone`, `capacity` None means without limit."""

    id: int
    code: str
    name: str
    campaign: int
    campaign_code: str
    campaign_name: str
    time_zone: str
    starts_on: date | None
    ends_on: date | None
    starts_at: datetime | None
    ends_at: datetime | None
    venue: str | None
    address: str | None
    region: str | None
    capacity: int | None
    taken: int
    offer_minutes: int | None
    is_open: bool
    opened_at: datetime | None
    version: int

    @property
    def zone(self) -> ZoneInfo:
        """Where its clocks hang."""
        return ZoneInfo(self.time_zone)

    @property
    def begins(self) -> datetime | None:
        """When it starts, or its first day does."""
        return self.starts_at or _midnight(self.starts_on, self.zone)

    @property
    def ends(self) -> datetime | None:
        """When it is over, or its last day is; None when nobody said."""
        last = self.ends_on or self.starts_on
        return self.ends_at or _midnight(last + timedelta(days=1) if last else None, self.zone)

    @property
    def is_full(self) -> bool:
        """Whether whoever registers now has to wait."""
        return self.capacity is not None and self.taken >= self.capacity

    def phase(self, at: datetime) -> Phase:
        """open, closed for now, or over."""
        if self.ends is not None and at >= self.ends:
            return "over"
        return "open" if self.is_open else "closed"


class SlotFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A time to book; `taken` counts the second forms of one person as well, so that no number tells who is here already."""

    id: int
    event: int
    kind: str
    name: str | None
    brand: int | None
    model: str | None
    starts_at: datetime
    minutes: int
    places: int
    taken: int
    waiting: int
    closed_at: datetime | None
    version: int

    @property
    def left(self) -> int:
        """How many places the public is told of."""
        return max(0, self.places - self.taken)

    @property
    def ends_at(self) -> datetime:
        """When it is over."""
        return self.starts_at + timedelta(minutes=self.minutes)

    def is_bookable(self, at: datetime) -> bool:
        """Whether it is still to come and nobody closed it."""
        return self.closed_at is None and self.starts_at > at


class Listed(msgspec.Struct, frozen=True):
    """An event in a list, with how many registered, hold a place and wait, as far as the reader may count them."""

    event: EventFacts
    registered: int
    waiting: int
    attended: int
    slots: int


class BrandCount(msgspec.Struct, frozen=True):
    """How many guests of an event want to see a brand; each person counts once for each of their brands."""

    brand: int
    guests: int
    attended: int


async def find(code: str, scope: Scope) -> EventFacts:
    """The event with this code; NotThere for one beyond the scope."""
    return await _one(scope.of_campaigns("campaign"), code)


async def of_public(code: str) -> EventFacts:
    """The event as anybody may ask for it; NotThere for one that was never opened."""
    return await _one(Condition("event.opened_at is not null"), code)


async def known(code: str) -> EventFacts:
    """The event with this code, for people of ours who may know what exists."""
    try:
        return await _one(EVERYTHING, code)
    except NotThere:
        raise NotKnown(kind="event", code=code) from None


async def all_of_them() -> list[EventFacts]:
    """Every event, the newest first."""
    return [EventFacts(**row) for row in await current().fetch(f"{_FACTS} order by event.id desc")]


async def by_id(event: int) -> EventFacts:
    """The event with this id, which must exist."""
    [row] = await current().fetch(f"{_FACTS} where event.id = $1", event)
    return EventFacts(**row)


async def upcoming(scope: Scope, *, campaign: int | None = None, at: datetime) -> list[Listed]:
    """All events within the scope, those to come first in their order, then the past ones, latest first."""
    # What a brand's people count are the guests of their brand.
    text, values = numbered(
        statement("campaigns", "events_listed"), [scope.of_registrations(), scope.of_campaigns("campaign")], campaign
    )
    rows = [_listed(dict(row)) for row in await current().fetch(text, *values)]
    to_come = [one for one in rows if one.event.phase(at) != "over"]
    past = [one for one in rows if one.event.phase(at) == "over"]
    return sorted(to_come, key=_start) + sorted(past, key=_start, reverse=True)


async def open_ones(*, at: datetime) -> list[EventFacts]:
    """The events for which anybody may register now, in the order of their beginning."""
    rows = await current().fetch(f"{_FACTS} where event.is_open order by event.starts_on, event.id")
    return [event for event in (EventFacts(**row) for row in rows) if event.phase(at) == "open"]


async def slots(events: Sequence[int]) -> list[SlotFacts]:
    """The slots of events, in the order of time."""
    rows = await current().fetch(_SLOTS, list(events))
    return [SlotFacts(**row) for row in rows]


async def slot(number: int, *, event: int) -> SlotFacts:
    """One slot of that event; NotThere for any other."""
    found = next((one for one in await slots([event]) if one.id == number), None)
    if found is None:
        raise NotThere
    return found


async def by_brand(event: int, scope: Scope) -> list[BrandCount]:
    """Guests by the brands they want to see; brands that may not be seen are not counted."""
    text, values = numbered(_BY_BRAND, [scope.of_brands("wish.brand")], event)
    return [BrandCount(*row.values()) for row in await current().fetch(text, *values)]


async def partners(campaign: int) -> frozenset[int]:
    """The brands that share a campaign; none for one that nobody planned."""
    rows = await current().fetch("select brand from partner where campaign = $1", campaign)
    return frozenset(row["brand"] for row in rows)


async def _one(condition: Condition, code: str) -> EventFacts:
    text, values = numbered(f"{_FACTS} where event.code = $1 and {{}}", [condition], code)
    row = await current().fetchrow(text, *values)
    if row is None:
        raise NotThere
    return EventFacts(**row)


def _listed(row: dict[str, object]) -> Listed:
    counts = [row.pop(name) for name in ("registered", "waiting", "attended", "slots")]
    return msgspec.convert({"event": row, **dict(zip(Listed.__struct_fields__[1:], counts, strict=True))}, Listed)


def _start(one: Listed) -> tuple[bool, date, int]:
    return one.event.starts_on is None, one.event.starts_on or date.max, one.event.id


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), zone) if day else None


COLUMNS = """event.id, event.code, event.name, event.campaign, campaign.code as campaign_code, campaign.name as campaign_name,
       campaign.time_zone, event.starts_on, event.ends_on, event.starts_at, event.ends_at, event.venue, event.address, event.region,
       event.capacity, event.taken, event.offer_minutes, event.is_open, event.opened_at, event.version"""
_FACTS = f"select {COLUMNS} from event join campaign on campaign.id = event.campaign"

# Grain: one row per slot. $1 events.
_SLOTS = """
select slot.id, slot.event, slot.kind, slot.name, slot.brand, model.code as model, slot.starts_at, slot.minutes, slot.places,
       slot.taken, coalesce(line.waiting, 0) as waiting, slot.closed_at, slot.version
from slot
left join model on model.id = slot.model
left join lateral (
    select count(*) as waiting from booking where booking.slot = slot.id and state = 'waiting'
) as line on true
where slot.event = any($1::int[])
order by slot.starts_at, slot.id
"""

# Grain: one row per brand. $1 event. Condition: on the wish's brand.
_BY_BRAND = """
select wish.brand, count(distinct registration.id), count(distinct registration.id) filter (where attended_at is not null)
from registration
join registration_wish as wish on wish.registration = registration.id
where registration.event = $1 and registration.state <> 'cancelled' and registration.joins is null and {}
group by wish.brand
order by wish.brand
"""
