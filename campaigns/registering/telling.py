"""What guests have to be told, as rows that somebody else sends: one message for what happened, and a reminder before it begins.

Promises that what nobody was told yet gives way to what is newer about the same thing, so that a guest who changes their mind ten times is
written to once, and that a reminder follows what it reminds of: it is withdrawn when that is cancelled, and moves when it moves.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from asyncpg import Record

from campaigns.registering.lines import EVENT, SLOT, Kind, Moved
from campaigns.tables import GuestMessage
from crm.database import current, insert
from crm.ids import uuid7

Message = Literal["confirmed", "waiting", "offered", "changed", "cancelled", "lapsed"]
BEFORE = timedelta(days=1)
NOTHING = "nothing"


async def tell(kind: Kind, entries: Sequence[UUID], message: Message, *, at: datetime) -> None:
    """Each of these is told so, in place of what they were not told yet; whoever has a place now is reminded before it begins, others are not."""
    await current().execute(
        f"{_UNTOLD} and kind <> 'reminder' and due_at is not null and {_NAMED[kind]}", sorted(entries)
    )
    rows = await _entries(kind, entries)
    await insert([_row(row, message, due_at=at, at=at) for row in rows])
    if message in ("cancelled", "lapsed"):
        await forget_reminders(kind, entries)
    elif message == "confirmed":
        await remind(kind, entries, at=at)


async def unsay_cancelled(kind: Kind, entry: UUID) -> str | None:
    """Nobody is told any more that this was cancelled; says what its guest was told last, or None where that is not known to them by now.

    NOTHING is told of a guest to whom nobody ever spoke, because a list brought them.
    """
    unsaid = await current().fetch(f"{_UNTOLD} and kind = 'cancelled' and {_NAMED[kind]} returning id", [entry])
    last: str | None = await current().fetchval(_LAST_TOLD[kind.scarce], entry)
    if last is None and not unsaid and not await has_spoken(kind, entry):
        return NOTHING
    return last


async def has_spoken(kind: Kind, entry: UUID) -> bool:
    """Whether this guest was told anything of their registration and its times, or is about to be."""
    spoken: bool = await current().fetchval(_SPOKEN[kind.scarce], entry)
    return spoken


async def moved_up(kind: Kind, moved: Moved, *, at: datetime) -> None:
    """Whoever was moved up in a line is told: they have a place, or are offered one."""
    if moved.entries:
        await tell(kind, moved.entries, "offered" if moved.state == "offered" else "confirmed", at=at)


async def known_by_bookings(registrations: Sequence[UUID]) -> set[UUID]:
    """Those of them whose guests have times in their calendars and not the event itself: news of these times is news enough."""
    return {row["id"] for row in await current().fetch(_KNOWN_BY_BOOKINGS, sorted(registrations))}


async def remind(kind: Kind, entries: Sequence[UUID], *, at: datetime) -> None:
    """A reminder a day before it begins, where that is still to come; one that was planned before is replaced."""
    await forget_reminders(kind, entries)
    rows = [row for row in await _entries(kind, entries) if row["begins"] and row["begins"] - BEFORE > at]
    await insert([_row(row, "reminder", due_at=row["begins"] - BEFORE, at=at) for row in rows])


async def forget_reminders(kind: Kind, entries: Sequence[UUID]) -> None:
    """Nobody is reminded of these any more."""
    await current().execute(f"{_UNTOLD} and kind = 'reminder' and {_NAMED[kind]}", sorted(entries))


async def forget(kind: Kind, entries: Sequence[UUID]) -> None:
    """Nobody is told anything more of these."""
    await current().execute(f"{_UNTOLD} and {_NAMED[kind]}", sorted(entries))


def _row(row: Record, kind: str, *, due_at: datetime, at: datetime) -> GuestMessage:
    return GuestMessage(
        id=uuid7(at), registration=row["registration"], booking=row["booking"], kind=kind, due_at=due_at, told_at=None
    )


async def _entries(kind: Kind, entries: Sequence[UUID]) -> list[Record]:
    return list(await current().fetch(_OF_BOOKINGS if kind is SLOT else _OF_REGISTRATIONS, sorted(entries)))


_UNTOLD = "delete from guest_message where told_at is null"
_NAMED = {EVENT: "registration = any($1::uuid[]) and booking is null", SLOT: "booking = any($1::uuid[])"}
_LAST_TOLD = {
    kind.scarce: f"""
select kind from guest_message where told_at is not null and kind <> 'reminder' and {named} order by told_at desc, id desc limit 1
"""
    for kind, named in ((EVENT, "registration = $1 and booking is null"), (SLOT, "booking = $1"))
}
_SPOKEN = {
    "event": "select exists (select from guest_message where registration = $1)",
    "slot": """
select exists (select from guest_message join booking on booking.registration = guest_message.registration where booking.id = $1)
""",
}
_KNOWN_BY_BOOKINGS = """
select id from registration
where id = any($1::uuid[]) and exists (select from booking where registration = registration.id and state = 'confirmed')
      and not exists (select from guest_message
                      where registration = registration.id and booking is null and told_at is not null
                            and kind in ('confirmed', 'changed', 'reminder'))
"""
_OF_REGISTRATIONS = """
select registration.id as registration, null::uuid as booking,
       coalesce(event.starts_at, event.starts_on::timestamp at time zone campaign.time_zone) as begins
from registration join event on event.id = registration.event join campaign on campaign.id = event.campaign
where registration.id = any($1::uuid[]) order by registration.id
"""
_OF_BOOKINGS = """
select booking.registration, booking.id as booking, slot.starts_at as begins
from booking join slot on slot.id = booking.slot where booking.id = any($1::uuid[]) order by booking.id
"""
