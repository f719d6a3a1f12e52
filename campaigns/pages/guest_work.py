"""One guest for those who work with them: what they registered for and booked, and what is done for them, with the way back.

Promises that a guest of another brand is not there, and that who did what stands in the history.
"""

from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from campaigns import events, guest_links, guests, heads, registering
from campaigns.registering import Returned
from crm import access, addresses, history, languages, reference
from crm.database import current, transaction
from crm.errors import NotThere, Refused
from crm.languages import say
from crm.pages import frame
from crm.pages.frame import Asked
from crm.roles import Actor

Me: TypeAlias = NamedDependency[Actor]
SEES, WORKS = access.permits("guests.see"), access.permits("guests.work")
ONE = "campaigns/guest_of_staff.html"


class ChosenSlot(msgspec.Struct, forbid_unknown_fields=True):
    """The slot to book."""

    slot: int


class Next(msgspec.Struct, forbid_unknown_fields=True):
    """Where to go on after a press in a list."""

    next: str | None = None


class OneGuest(Controller):
    """One guest, and what is done for them."""

    path = "/guests/{registration:uuid}"
    include_in_schema = False

    @get("/", guards=[SEES])
    async def show(self, request: Asked, registration: FromPath[UUID]) -> Template:
        async with transaction():
            return await _one(request, registration)

    @post("/cancellation", guards=[WORKS])
    async def cancel(self, request: Asked, registration: FromPath[UUID], actor: Me) -> Response[None]:
        at = datetime.now(UTC)
        async with transaction():
            await guests.one(registration, frame.scope_of(request))
            await registering.cancel_registration(registration, at=at)
            await history.note(actor.actor, "registration_cancelled", "registration", registration, at=at)
        return _cancelled(request, registration, f"/guests/{registration}/cancellation/undoing")

    @post("/cancellation/undoing", guards=[WORKS])
    async def restore(self, request: Asked, registration: FromPath[UUID], actor: Me) -> Template | Response[None]:
        try:
            async with transaction():
                await guests.one(registration, frame.scope_of(request))
                back = await registering.restore_registration(registration, actor=actor.actor, at=datetime.now(UTC))
        except NotThere:
            raise
        except Refused as wrong:
            async with transaction():
                return await _one(request, registration, wrong=wrong)
        return frame.back(request, f"/guests/{registration}", told=_restored(back))

    @post("/attendance", guards=[WORKS])
    async def attended(self, request: Asked, registration: FromPath[UUID], actor: Me) -> Response[None]:
        sent = await frame.form(request, Next)
        async with transaction():
            await guests.one(registration, frame.scope_of(request))
            await registering.mark_attended(registration, actor=actor.actor, at=datetime.now(UTC))
        undo = f"/guests/{registration}/attendance/undoing"
        return frame.back(request, _next(sent, registration), told=say("Noted: they were there."), undo=undo)

    @post("/attendance/undoing", guards=[WORKS])
    async def not_attended(self, request: Asked, registration: FromPath[UUID], actor: Me) -> Response[None]:
        async with transaction():
            await guests.one(registration, frame.scope_of(request))
            await registering.unmark_attended(registration, actor=actor.actor, at=datetime.now(UTC))
        return frame.back(request, f"/guests/{registration}", told=say("Taken back."))

    @post("/link", guards=[WORKS])
    async def renew(self, request: Asked, registration: FromPath[UUID], actor: Me) -> Response[None]:
        async with transaction():
            await guests.one(registration, frame.scope_of(request))
            await guest_links.renew(registration, actor=actor.actor, at=datetime.now(UTC))
        return frame.back(request, f"/guests/{registration}", told=say("The old link leads nowhere any more."))

    @post("/bookings", guards=[WORKS])
    async def book(self, request: Asked, registration: FromPath[UUID], actor: Me) -> Template | Response[None]:
        at = datetime.now(UTC)
        try:
            sent = await frame.form(request, ChosenSlot)
            async with transaction():
                await guests.one(registration, frame.scope_of(request))
                booked = await registering.book_for(registration, sent.slot, at=at, by="staff")
                await history.note(actor.actor, "booking_made", "booking", booked.id, at=at)
        except NotThere:
            raise
        except Refused as wrong:
            async with transaction():
                return await _one(request, registration, wrong=wrong)
        return frame.back(request, f"/guests/{registration}", told=say("The slot is booked."))


class GuestBookings(Controller):
    """What a guest booked."""

    path = "/guests/{registration:uuid}/bookings/{booking:uuid}"
    guards = [WORKS]
    include_in_schema = False

    @post("/cancellation")
    async def cancel(
        self, request: Asked, registration: FromPath[UUID], booking: FromPath[UUID], actor: Me
    ) -> Response[None]:
        at = datetime.now(UTC)
        async with transaction():
            await _booking(request, registration, booking)
            await registering.cancel_booking(booking, at=at)
            await history.note(actor.actor, "booking_cancelled", "booking", booking, at=at)
        return _cancelled(request, registration, f"/guests/{registration}/bookings/{booking}/cancellation/undoing")

    @post("/cancellation/undoing")
    async def restore(
        self, request: Asked, registration: FromPath[UUID], booking: FromPath[UUID], actor: Me
    ) -> Template | Response[None]:
        try:
            async with transaction():
                await _booking(request, registration, booking)
                back = await registering.restore_booking(booking, actor=actor.actor, at=datetime.now(UTC))
        except NotThere:
            raise
        except Refused as wrong:
            async with transaction():
                return await _one(request, registration, wrong=wrong)
        return frame.back(request, f"/guests/{registration}", told=_restored(back))

    @post("/done")
    async def done(
        self, request: Asked, registration: FromPath[UUID], booking: FromPath[UUID], actor: Me
    ) -> Response[None]:
        async with transaction():
            await _booking(request, registration, booking)
            await registering.mark_done(booking, actor=actor.actor, at=datetime.now(UTC))
        undo = f"/guests/{registration}/bookings/{booking}/done/undoing"
        return frame.back(request, f"/guests/{registration}", told=say("Noted: it took place."), undo=undo)

    @post("/done/undoing")
    async def not_done(
        self, request: Asked, registration: FromPath[UUID], booking: FromPath[UUID], actor: Me
    ) -> Response[None]:
        async with transaction():
            await _booking(request, registration, booking)
            await registering.unmark_done(booking, actor=actor.actor, at=datetime.now(UTC))
        return frame.back(request, f"/guests/{registration}", told=say("Taken back."))


async def _one(request: Asked, registration: UUID, *, wrong: Refused | None = None) -> Template:
    at, scope = datetime.now(UTC), frame.scope_of(request)
    guest = await guests.one(registration, scope)
    event = await events.find(guest.event, scope)
    languages.reckon(event.zone)
    known = await reference.load()
    slots = await events.slots([event.id])
    context: dict[str, Any] = {
        "guest": guest,
        "event": event,
        "campaign": await heads.head(event.campaign_code, scope),
        "part": "guests",
        "slots": {slot.id: slot for slot in slots},
        "bookable": [slot for slot in slots if slot.is_bookable(at)],
        "brand_codes": {one.id: one for one in known.brands.values()},
        "model_codes": {one.id: one.code for one in known.models.values()},
    }
    return frame.invalid(request, ONE, wrong, **context) if wrong else frame.page(request, ONE, **context)


async def _booking(request: Asked, registration: UUID, booking: UUID) -> None:
    await guests.one(registration, frame.scope_of(request))
    is_theirs = "select exists (select from booking where id = $1 and registration = $2)"
    if not await current().fetchval(is_theirs, booking, registration):
        raise NotThere


def _cancelled(request: Asked, registration: UUID, undo: str) -> Response[None]:
    told = say("It is cancelled; the place goes to the next in line.")
    return frame.back(request, f"/guests/{registration}", told=told, undo=undo)


def _restored(back: Returned) -> str:
    """How the guest stands again, in a sentence."""
    if back.is_lost:
        return say("The place was taken meanwhile: they are at the end of the waiting list now.")
    if back.times_gone:
        return say("They are registered again, but not for every time: look which they have, or wait for, now.")
    return say("Taken back: they have what they had.")


def _next(sent: Next, registration: UUID) -> str:
    return sent.next if sent.next and addresses.is_ours(sent.next) else f"/guests/{registration}"


CONTROLLERS = (OneGuest, GuestBookings)
