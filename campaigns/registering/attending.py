"""What came of a registration: they were there, and what they booked took place; with the way back.

Promises that saying it twice is saying it once, and that whatever a lead rule looks at makes it look again. Refuses who has no place.
"""

from datetime import datetime
from uuid import UUID

from campaigns.registering import leaving, lines
from campaigns.registering.lines import EVENT, SLOT
from crm import history
from crm.database import current
from crm.errors import Refused


class HasNoPlace(Refused):
    sentence = "They have no place here: register them or book first."


async def mark_attended(registration: UUID, *, actor: str, at: datetime) -> None:
    """They were there; who waits for a place or cancelled was not."""
    await _mark("registration", "attended_at", registration, actor=actor, action="guest_attended", at=at)
    await leaving.leads_due(EVENT, [registration], at=at)


async def unmark_attended(registration: UUID, *, actor: str, at: datetime) -> None:
    """They were not there after all."""
    await _unmark("registration", "attended_at", registration, actor=actor, action="guest_attendance_undone", at=at)


async def mark_done(booking: UUID, *, actor: str, at: datetime) -> None:
    """What was booked took place."""
    await _mark("booking", "done_at", booking, actor=actor, action="booking_done", at=at)
    await leaving.leads_due(SLOT, [booking], at=at)


async def unmark_done(booking: UUID, *, actor: str, at: datetime) -> None:
    """What was booked did not take place after all."""
    await _unmark("booking", "done_at", booking, actor=actor, action="booking_done_undone", at=at)


async def _mark(table: str, column: str, entry: UUID, *, actor: str, action: str, at: datetime) -> None:
    if table == "booking":
        # Before the booking, as everybody does: whoever moves it up writes its registration as well.
        await lines.lock(SLOT, await current().fetchval("select slot from booking where id = $1", entry))
    [row] = await current().fetch(
        f"select state, {column} as marked from {table} where id = $1 for no key update", entry
    )
    if row["state"] != "confirmed":
        raise HasNoPlace
    if row["marked"] is None:
        await current().execute(f"update {table} set {column} = $2, version = version + 1 where id = $1", entry, at)
        await history.note(actor, action, table, entry, at=at)


async def _unmark(table: str, column: str, entry: UUID, *, actor: str, action: str, at: datetime) -> None:
    changed = await current().fetchval(
        f"update {table} set {column} = null, version = version + 1 where id = $1 and {column} is not null returning id",
        entry,
    )
    if changed is not None:
        await history.note(actor, action, table, entry, at=at)
