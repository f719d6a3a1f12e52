"""Letting a place go: cancelled by the guest or by hand, passed on, or lapsed because nobody took it in time.

Promises that a free place goes to the first in line exactly once, in order, and that cancelling twice is cancelling once. Refuses offers
that are over.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from campaigns.registering import lines, telling
from campaigns.registering.lines import EVENT, SLOT, Kind
from campaigns.registering.telling import Message
from crm import history
from crm.database import current, notify, transaction
from crm.errors import NotThere, Refused

BATCH = 50


class OfferGone(Refused):
    status = 410
    sentence = "This place is no longer kept: it went to the next in line."


async def cancel_registration(registration: UUID, *, at: datetime) -> None:
    """They do not come: their place and those in slots go to the next in line."""
    await lines.alone(registration)
    event = await current().fetchval("select event from registration where id = $1", registration)
    if event is None:
        raise NotThere
    # The event before its slots, slots in their order, and all before any row: nobody waits for anybody in a circle.
    await lines.lock(EVENT, event)
    for booked in await _standing(registration):
        await lines.lock(SLOT, booked["slot"])
    # What stands in their calendar is taken out of it under the name by which it came there: booking by booking, and the event itself.
    by_bookings = await telling.known_by_bookings([registration])
    await _cancel(EVENT, registration, None if by_bookings else "cancelled", at=at)
    for booked in await _standing(registration):
        await _cancel(SLOT, booked["id"], "cancelled" if booked["state"] == "confirmed" else None, at=at)


async def unregister(registration: UUID, *, at: datetime) -> None:
    """The same for somebody who never heard of it, because a list that named them is taken back: nobody is told."""
    await cancel_registration(registration, at=at)
    booked = await current().fetch("select id from booking where registration = $1", registration)
    await telling.forget(SLOT, [row["id"] for row in booked])
    await telling.forget(EVENT, [registration])


async def erase(observations: Sequence[UUID]) -> None:
    """Delete registrations that are cancelled and of which nobody was ever told, as if nobody had sent them; the caller takes back the rest."""
    gone = [row["id"] for row in await current().fetch(_OF_OBSERVATIONS, list(observations))]
    for deletion in _ERASE if gone else ():
        await current().execute(deletion, gone)


async def cancel_booking(booking: UUID, *, at: datetime) -> None:
    """They do not need this place in a slot; their registration stays."""
    await _cancel(SLOT, booking, "cancelled", at=at)


async def accept(kind: Kind, entry: UUID, *, at: datetime) -> None:
    """Take the place that is offered; doing it twice is doing it once. Refuses an offer that is over."""
    _, row = await _locked(kind, entry)
    if row["state"] == "confirmed":
        return
    if row["state"] != "offered" or row["offer_until"] <= at:
        raise OfferGone
    await current().execute(
        f"""
        update {kind.entries} set state = 'confirmed', offer_until = null, confirmed_at = $2, version = version + 1 where id = $1
        """,
        entry,
        at,
    )
    await leads_due(kind, [entry], at=at)
    await telling.tell(kind, [entry], "confirmed", at=at)


async def decline(kind: Kind, entry: UUID, *, at: datetime) -> None:
    """Pass the place that is offered on to the next in line."""
    if kind is EVENT:
        await lines.alone(entry)
    _, row = await _locked(kind, entry)
    if row["state"] == "offered":
        await (cancel_booking(entry, at=at) if kind is SLOT else cancel_registration(entry, at=at))


async def lapse(at: datetime) -> int:
    """Offers that nobody took in time go to the next in line; how many there were. A job: opens its own transactions."""
    lapsed = 0
    for kind in (EVENT, SLOT):
        async with transaction():
            rows = await current().fetch(_LAPSED[kind.scarce], at, BATCH)
        for row in rows:
            async with transaction():
                lapsed += await _lapse(kind, row["id"], at=at)
    return lapsed


async def leads_due(kind: Kind, entries: Sequence[UUID], *, at: datetime) -> None:
    """The campaign's lead rule has to look at these guests again."""
    named = "id = any($1::uuid[])"
    if kind is SLOT:
        named = "id in (select registration from booking where id = any($1::uuid[]))"
    await current().execute(f"update registration set leads_due_at = $2 where {named}", sorted(entries), at)
    await notify(history.CHANGES)


async def _standing(registration: UUID) -> list[Record]:
    return list(
        await current().fetch(
            "select id, slot, state from booking where registration = $1 and state <> 'cancelled' order by slot, id",
            registration,
        )
    )


async def _lapse(kind: Kind, scarce: int, *, at: datetime) -> int:
    await lines.lock(kind, scarce)
    rows = await current().fetch(
        f"select id from {kind.entries} where {kind.scarce} = $1 and state = 'offered' and offer_until <= $2 order by id",
        scarce,
        at,
    )
    for row in rows:
        await _cancel(kind, row["id"], "lapsed", at=at)
    return len(rows)


async def _cancel(kind: Kind, entry: UUID, message: Message | None, *, at: datetime) -> None:
    line, row = await _locked(kind, entry)
    if row["state"] == "cancelled":
        return
    await current().execute(
        f"""
        update {kind.entries} set state = 'cancelled', cancelled_at = $2, offer_until = null, version = version + 1,
                                  sequence = sequence + 1
        where id = $1
        """,
        entry,
        at,
    )
    # Whom nobody told of their place (a list brought them) nobody tells that it is gone.
    if message is None or not await telling.has_spoken(kind, entry):
        await telling.forget(kind, [entry])
    else:
        await telling.tell(kind, [entry], message, at=at)
    await _move_up(kind, await lines.leave(line, row, at=at), at=at)


async def _move_up(kind: Kind, moved: lines.Moved, *, at: datetime) -> None:
    if moved.entries:
        await telling.moved_up(kind, moved, at=at)
        if moved.state == "confirmed":
            await leads_due(kind, moved.entries, at=at)


async def _locked(kind: Kind, entry: UUID) -> tuple[lines.Line, Record]:
    """The line, then the entry as it stands once nobody else can change it."""
    scarce = await current().fetchval(f"select {kind.scarce} from {kind.entries} where id = $1", entry)
    if scarce is None:
        raise NotThere
    line = await lines.lock(kind, scarce)
    [row] = await current().fetch(
        f"select id, state, offer_until from {kind.entries} where id = $1 for no key update", entry
    )
    return line, row


_OF_OBSERVATIONS = "select id from registration where observation = any($1::uuid[]) order by id for update"
# In the order that foreign keys want. What joined one of these and found no heir (another person's by now) stands alone.
_ERASE = (
    "delete from guest_message where registration = any($1::uuid[])",
    "update booking set joins = null where joins in (select id from booking where registration = any($1::uuid[]))",
    "delete from booking where registration = any($1::uuid[])",
    "update registration set joins = null where joins = any($1::uuid[])",
    "delete from registration where id = any($1::uuid[])",
)
_LAPSED = {
    kind.scarce: f"select distinct {kind.scarce} as id from {kind.entries} where state = 'offered' and offer_until <= $1 limit $2"
    for kind in (EVENT, SLOT)
}
