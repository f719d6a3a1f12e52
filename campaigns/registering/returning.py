"""A cancellation by one of us taken back: the guest has their place again where it is still free, else waits for one.

Promises that no place is given twice, under the very locks by which places are given and let go, and that a guest who was not told yet that
it was cancelled never hears of it. Refuses what a guest cancelled themselves, what was cancelled a while ago, and what has begun.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from asyncpg import Record

from campaigns.registering import leaving, lines, telling
from campaigns.registering.arriving import EventOver, RegistrationCancelled, SlotClosed, WaitsForEvent
from campaigns.registering.entries import SAME_GUEST, SAME_PERSON_THERE
from campaigns.registering.lines import EVENT, SLOT, Kind, Line
from campaigns.registering.shapes import State
from crm import history
from crm.database import current
from crm.errors import NotThere, Refused

WITHIN = timedelta(minutes=10)
HAVE_A_PLACE = ("confirmed", "changed")  # after these a guest believes to have one


class TooLateToReturn(Refused):
    sentence = "This can no longer be taken back: it was cancelled a while ago, or by the guest. Register or book for them again."


class Returned(msgspec.Struct, frozen=True):
    """How somebody stands again; `is_lost` when the place was taken meanwhile, `times_gone` counts booked times that were."""

    state: State
    is_lost: bool = False
    times_gone: int = 0


async def restore_registration(registration: UUID, *, actor: str, at: datetime) -> Returned:
    """Take back that their registration was cancelled, with the times that went along with it; a place that is gone is waited for."""
    await lines.alone(registration)
    event = await current().fetchval("select event from registration where id = $1", registration)
    if event is None:
        raise NotThere
    line = await lines.lock(EVENT, event)
    times = await current().fetch(_WENT_ALONG, registration)
    slots = {row["slot"]: await lines.lock(SLOT, row["slot"]) for row in times}
    row = await _locked(EVENT, registration)
    if row["state"] != "cancelled":
        return Returned(row["state"])
    await _refuse_late(EVENT, row, at=at)
    if line.until is not None and at >= line.until:
        raise EventOver
    returned = await _take_again(EVENT, row, line, at=at)
    if returned.state == "confirmed":
        back = [await _book_again(one["id"], slots[one["slot"]], at=at) for one in times]
        gone = sum(one is None or one.is_lost for one in back)
    else:
        # Who has to wait for the event has no times there.
        gone = len(times)
    await _tell(EVENT, registration, returned.state, at=at)
    await history.note(actor, "registration_restored", "registration", registration, at=at)
    return msgspec.structs.replace(returned, times_gone=gone)


async def restore_booking(booking: UUID, *, actor: str, at: datetime) -> Returned:
    """Take back that a time of theirs was cancelled; one that is taken by now is waited for."""
    known = await current().fetchrow("select registration, slot from booking where id = $1", booking)
    if known is None:
        raise NotThere
    await lines.alone(known["registration"])
    line = await lines.lock(SLOT, known["slot"])
    holder = await _locked(EVENT, known["registration"])
    row = await _locked(SLOT, booking)
    if row["state"] != "cancelled":
        return Returned(row["state"])
    await _refuse_late(SLOT, row, at=at)
    if holder["state"] == "cancelled":
        raise RegistrationCancelled
    if holder["state"] != "confirmed":
        raise WaitsForEvent
    returned = await _book_again(booking, line, at=at)
    if returned is None:
        raise SlotClosed
    await history.note(actor, "booking_restored", "booking", booking, at=at)
    return returned


async def _book_again(booking: UUID, line: Line, *, at: datetime) -> Returned | None:
    """The time is theirs again, or waited for; None for one that has begun, or that they booked anew."""
    row = await _locked(SLOT, booking)
    if (line.until is not None and at >= line.until) or await _is_booked(row["registration"], line.id):
        return None
    returned = await _take_again(SLOT, row, line, at=at)
    await _tell(SLOT, booking, returned.state, at=at)
    return returned


async def _take_again(kind: Kind, row: Record, line: Line, *, at: datetime) -> Returned:
    """A free place, else the one in the line that they had, else its end."""
    number = row["position"]
    state: State = "waiting"
    if line.has_room or row["confirmed_at"] is not None or number is None:
        place = await lines.take(line)
        state, number = place.state, place.number or number
    joined = await _joined(kind, row)
    leads = joined is not None and await lines.goes_before(kind, state, joined)
    await current().execute(_RESTORE[kind.scarce], row["id"], state, number, None if leads else joined, at)
    if leads and joined is not None:
        await lines.lead(kind, row["id"], joined=joined)
    if state == "confirmed":
        await leaving.leads_due(kind, [row["id"]], at=at)
    return Returned(state, is_lost=state == "waiting" and row["confirmed_at"] is not None)


async def _joined(kind: Kind, row: Record) -> UUID | None:
    """What somebody else's form of the same person holds there meanwhile, if one does."""
    if kind is SLOT:
        there: UUID | None = await current().fetchval(SAME_PERSON_THERE, row["registration"], row["scarce"])
        return there
    person = await current().fetchval(
        "select link.person from link where observation = $1 and closed_at is null", row["observation"]
    )
    same: UUID | None = await current().fetchval(SAME_GUEST, person, row["scarce"])
    return same


async def _tell(kind: Kind, entry: UUID, state: State, *, at: datetime) -> None:
    believes = await telling.unsay_cancelled(kind, entry)
    if believes == telling.NOTHING:
        return
    if state == "waiting":
        if believes != "waiting":
            await telling.tell(kind, [entry], "waiting", at=at)
    elif believes in HAVE_A_PLACE or (kind is EVENT and entry in await telling.known_by_bookings([entry])):
        await telling.remind(kind, [entry], at=at)
    else:
        await telling.tell(kind, [entry], "confirmed", at=at)


async def _refuse_late(kind: Kind, row: Record, *, at: datetime) -> None:
    # Whoever of ours cancels notes it at the same moment; a guest on their own page, a lapse or an import that is undone do not.
    by_us = await current().fetchval(_BY_US, kind.entries, str(row["id"]), row["cancelled_at"])
    if not by_us or at - row["cancelled_at"] > WITHIN:
        raise TooLateToReturn


async def _is_booked(registration: UUID, slot: int) -> bool:
    """Whether they have another booking there by now."""
    booked: bool = await current().fetchval(
        "select exists (select from booking where registration = $1 and slot = $2 and state <> 'cancelled')",
        registration,
        slot,
    )
    return booked


async def _locked(kind: Kind, entry: UUID) -> Record:
    [row] = await current().fetch(_ROW[kind.scarce], entry)
    found: Record = row
    return found


_ROW = {
    "event": """
select id, state, position, confirmed_at, cancelled_at, observation, event as scarce from registration where id = $1 for no key update
""",
    "slot": """
select id, state, position, confirmed_at, cancelled_at, registration, slot as scarce from booking where id = $1 for no key update
""",
}
_RESTORE = {
    kind.scarce: f"""
update {kind.entries} set state = $2::text, position = $3, joins = $4, cancelled_at = null,
                          confirmed_at = case when $2::text = 'confirmed' then coalesce(confirmed_at, $5) end,
                          version = version + 1, sequence = sequence + 1
where id = $1
"""
    for kind in (EVENT, SLOT)
}
# The bookings that were cancelled with their registration, one per slot. $1 registration.
_WENT_ALONG = """
select distinct on (booking.slot) booking.id, booking.slot
from booking join registration on registration.id = booking.registration
where registration.id = $1 and booking.state = 'cancelled' and booking.cancelled_at = registration.cancelled_at
order by booking.slot, booking.id
"""
_BY_US = """
select exists (
    select from history_entry
    where subject_kind = $1 and subject = $2 and at = $3 and actor like 'staff:%' and action = $1 || '_cancelled'
)
"""
