"""A guest's own page, reached by nothing but its address: what they registered for, the code for the desk, changes, and the way out.

Promises that the page shows what its own form said and nothing of another form of the same person, and that every change is one press. The
address is all it takes, so it is long, names nobody, and can be renewed.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from campaigns import appointments, calendar_file, drawn_codes, events, form_tries, guest_links, registering
from campaigns.registering import EVENT, SLOT, changing, naming, standing
from campaigns.registering.reading import Wish
from campaigns.registering.standing import GuestNow
from crm import access, languages, masks, normalise, origin, reference
from crm.api import receiving
from crm.consent import Purpose
from crm.database import current, transaction
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.languages import say
from crm.pages import frame
from crm.pages.frame import Asked

PAGE = "campaigns/guest.html"
ONE_FORM = 64 * 1024  # bytes
Typed = Annotated[str, msgspec.Meta(max_length=40)]


class Changes(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The cars, the time and the language that they want from now on; an empty time is none at all, none sent is the one they have."""

    car: list[Typed] = []
    slot: int | None = None
    language: registering.shapes.Language = "zh"


class OfBooking(msgspec.Struct, forbid_unknown_fields=True):
    """Which booking; none for the registration itself."""

    booking: UUID | None = None


class OfConsent(msgspec.Struct, forbid_unknown_fields=True):
    """What is taken back, from whom (a brand by its code)."""

    purpose: Purpose
    brand: Typed


class GuestPage(Controller):
    """What a guest sees."""

    path = "/g/{guest:str}"
    guards = [access.own_pages]
    opt = {receiving.PASSED_ON: True}
    include_in_schema = False

    @get("/")
    async def show(self, request: Asked, guest: FromPath[str]) -> Template:
        async with transaction():
            return await _page(request, await _found(guest))

    @get("/event.ics")
    async def calendar(self, request: Asked, guest: FromPath[str]) -> Response[bytes]:
        at = datetime.now(UTC)
        async with transaction():
            found = await _found(guest)
        it = appointments.of_guest(found, origin=str(request.base_url).rstrip("/"), at=at)
        headers = {"content-disposition": 'attachment; filename="event.ics"'}
        kind = f"text/calendar; charset=utf-8; method={it.method}"
        return Response(calendar_file.written(it), media_type=kind, headers=headers)

    @get("/code.svg")
    async def code(self, guest: FromPath[str]) -> Response[bytes]:
        async with transaction():
            found = await _found(guest)
        headers = {"content-disposition": 'attachment; filename="code.svg"'}
        return Response(drawn_codes.file(found.code), media_type="image/svg+xml", headers=headers)

    @post("/changes", request_max_body_size=ONE_FORM)
    async def change(self, request: Asked, guest: FromPath[str]) -> Template | Response[None]:
        return await _done(request, guest, _change, counts=True, told=say("Your changes are saved."))

    @post("/cancellation", request_max_body_size=ONE_FORM)
    async def cancel(self, request: Asked, guest: FromPath[str]) -> Template | Response[None]:
        return await _done(request, guest, _cancel, told=say("It is cancelled; your place goes to the next in line."))

    @post("/offers/acceptance", request_max_body_size=ONE_FORM)
    async def accept(self, request: Asked, guest: FromPath[str]) -> Template | Response[None]:
        return await _done(request, guest, _accept, told=say("The place is yours."))

    @post("/offers/refusal", request_max_body_size=ONE_FORM)
    async def decline(self, request: Asked, guest: FromPath[str]) -> Template | Response[None]:
        return await _done(request, guest, _decline, told=say("The place goes to the next in line."))

    @post("/consents/withdrawal", request_max_body_size=ONE_FORM)
    async def withdraw(self, request: Asked, guest: FromPath[str]) -> Template | Response[None]:
        return await _done(request, guest, _withdraw, told=say("It is withdrawn, from this moment on."))


Doing = Callable[[Asked, GuestNow, datetime], Awaitable[None]]


async def _done(request: Asked, guest: str, do: Doing, *, told: str, counts: bool = False) -> Template | Response[None]:
    """Do it and come back to the page; where it is refused, the page says why."""
    at = datetime.now(UTC)
    try:
        if counts:
            await _count(request, guest, at=at)
        async with transaction():
            await do(request, await _found(guest), at)
    except NotThere:
        raise
    except Refused as wrong:
        async with transaction():
            return await _page(request, await _found(guest), wrong)
    return frame.back(request, f"/g/{guest}", told=told)


async def _count(request: Asked, guest: str, *, at: datetime) -> None:
    """Changes go on without end, unlike a cancellation, and each may send a message: they count with the forms of these contacts."""
    # Apart from what is then done, so that a change that is refused has counted as well.
    async with transaction():
        said = (await _found(guest)).said
        contacts = naming.contacts(phone=said.phone, email=said.email)
        await form_tries.count(address=origin.address(request), contacts=contacts, at=at)


async def _change(request: Asked, guest: GuestNow, at: datetime) -> None:
    sent = await frame.form(request, Changes)
    models = (await reference.load()).models
    if any(car not in models for car in sent.car):
        raise Invalid(errors=[Fault(path="car", message=say("Please choose one of the list."))])
    if sent.slot is not None:
        await events.slot(sent.slot, event=guest.event.id)
    if guest.entry.state == "cancelled":
        raise registering.EventClosed
    wishes = [Wish(models[car].brand, models[car].id) for car in dict.fromkeys(sent.car)]
    held = {one.slot.id for one in guest.standing_bookings}
    # The slots first, as everybody locks them before any row.
    if "slot" in request.state.given and sent.slot not in held and (held or sent.slot is not None):
        await registering.choose_slot(guest.entry.id, sent.slot, at=at, by="guest")
    await registering.change_wishes(guest.entry.id, wishes, at=at)
    await registering.change_language(guest.entry.id, sent.language)


async def _cancel(request: Asked, guest: GuestNow, at: datetime) -> None:
    booking = (await frame.form(request, OfBooking)).booking
    if booking is None:
        await registering.cancel_registration(guest.entry.id, at=at)
    else:
        _refuse_others(booking, guest)
        await registering.cancel_booking(booking, at=at)


async def _accept(request: Asked, guest: GuestNow, at: datetime) -> None:
    booking = (await frame.form(request, OfBooking)).booking
    if booking is not None:
        _refuse_others(booking, guest)
    await registering.accept(SLOT if booking else EVENT, booking or guest.entry.id, at=at)


async def _decline(request: Asked, guest: GuestNow, at: datetime) -> None:
    booking = (await frame.form(request, OfBooking)).booking
    if booking is not None:
        _refuse_others(booking, guest)
    await registering.decline(SLOT if booking else EVENT, booking or guest.entry.id, at=at)


async def _withdraw(request: Asked, guest: GuestNow, at: datetime) -> None:
    sent = await frame.form(request, OfConsent)
    brand = (await reference.load()).brands.get(sent.brand)
    if brand is None:
        raise NotThere
    await registering.withdraw(guest.entry.id, purpose=sent.purpose, brand=brand.id, at=at)


def _refuse_others(booking: UUID, guest: GuestNow) -> None:
    if booking not in {one.entry.id for one in guest.bookings}:
        raise NotThere


async def _found(guest: str) -> GuestNow:
    return await standing.of_guest(await guest_links.registration_of(guest))


async def _page(request: Asked, guest: GuestNow, wrong: Refused | None = None) -> Template:
    at = datetime.now(UTC)
    languages.reckon(guest.event.zone)
    known = await reference.load()
    shared = await events.partners(guest.event.campaign)
    partners = [brand for brand in known.brands.values() if not shared or brand.id in shared]
    asked = await current().fetch(_ASKED, guest.observation)
    held = {one.slot.id for one in guest.standing_bookings}
    standing_now = {(one.purpose, one.brand) for one in await changing.agreed(guest.observation)}
    context: dict[str, Any] = {
        "guest": guest,
        "event": guest.event,
        "here_path": f"/g/{guest_links.token(guest.link)}",
        "phone": _masked(guest.said.phone),
        "email": masks.email(guest.said.email) if guest.said.email and "@" in guest.said.email else None,
        "cars": [(brand, [one.code for one in known.models.values() if one.brand == brand.id]) for brand in partners],
        "wished": [known.model(wish.model).code for wish in guest.wishes if wish.model is not None],
        # What they hold is among them, closed or begun: else saving the page would say that they let it go.
        "slots": [slot for slot in await events.slots([guest.event.id]) if slot.is_bookable(at) or slot.id in held],
        "consents": [
            (row["purpose"], known.brand(row["brand"]), (row["purpose"], row["brand"]) in standing_now) for row in asked
        ],
        "brand_codes": {brand.id: brand for brand in known.brands.values()},
        "phase": guest.event.phase(at),
        "title_of": appointments.title_of,
        "drawn": drawn_codes.inline(guest.code),
    }
    return frame.invalid(request, PAGE, wrong, **context) if wrong else frame.page(request, PAGE, **context)


def _masked(phone: str | None) -> str | None:
    if not phone:
        return None
    try:
        read = normalise.phone(phone)
    except normalise.Unreadable:
        return None
    return masks.number(read.e164) if read.e164 else read.masked


_ASKED = """
select distinct purpose, brand from consent where observation = $1 and state = 'given' and channel is null order by purpose, brand
"""

CONTROLLERS = (GuestPage,)
