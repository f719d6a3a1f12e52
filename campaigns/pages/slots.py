"""The times of an event that can be booked, as forms: added, changed, closed and opened again.

Promises that a form comes back with what was typed and why it was refused, and that a slot of another event is not there.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from campaigns import events, scheduling
from campaigns.events import EventFacts, SlotFacts
from campaigns.pages.events import event_page, models_of, path_of
from campaigns.scheduling import SlotKind, SlotSaid
from crm import access, languages, reference
from crm.database import transaction
from crm.errors import Refused
from crm.languages import say
from crm.pages import forms, frame
from crm.pages.frame import Asked
from crm.roles import Actor

Me: TypeAlias = NamedDependency[Actor]
SLOT_FORM = "campaigns/slot.html"


class SlotPlanned(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A slot as its form sends it."""

    kind: SlotKind
    name: Annotated[str, msgspec.Meta(max_length=120)] | None = None
    model: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    starts: Annotated[str, msgspec.Meta(min_length=1)]
    minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)]
    places: Annotated[int, msgspec.Meta(ge=0, le=100_000)]


class Slots(Controller):
    """The times of an event that can be booked."""

    path = "/events/{code:str}/slots"
    guards = [access.permits("campaigns.work")]
    include_in_schema = False

    @post("/")
    async def add(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        async with transaction():
            event = await events.find(code, frame.scope_of(request))
        try:
            sent = await frame.form(request, SlotPlanned)
            async with transaction():
                said = _said_slot(sent, zone=event.time_zone)
                await scheduling.add_slot(event, said, actor=actor.actor, at=datetime.now(UTC))
        except Refused as wrong:
            async with transaction():
                return await event_page(request, event, wrong=wrong)
        return frame.back(request, path_of(event), told=say("The slot is there."))

    @get("/{slot:int}")
    async def show(self, request: Asked, code: FromPath[str], slot: FromPath[int]) -> Template:
        async with transaction():
            return await _slot_page(request, *await _found(request, code, slot))

    @post("/{slot:int}")
    async def change(
        self, request: Asked, code: FromPath[str], slot: FromPath[int], actor: Me
    ) -> Template | Response[None]:
        async with transaction():
            event, before = await _found(request, code, slot)
        try:
            sent = await frame.form(request, SlotPlanned)
            async with transaction():
                said = _said_slot(sent, zone=event.time_zone)
                await scheduling.change_slot(before, said, event=event, actor=actor.actor, at=datetime.now(UTC))
        except Refused as wrong:
            async with transaction():
                return await _slot_page(request, event, before, wrong=wrong)
        return frame.back(request, path_of(event), told=say("The slot is changed."))

    @post("/{slot:int}/closing")
    async def close(self, request: Asked, code: FromPath[str], slot: FromPath[int], actor: Me) -> Response[None]:
        async with transaction():
            event, found = await _found(request, code, slot)
            await scheduling.close_slot(found, event=event, actor=actor.actor, at=datetime.now(UTC))
        undo = f"{path_of(event)}/slots/{slot}/opening"
        return frame.back(request, path_of(event), told=say("The slot is closed."), undo=undo)

    @post("/{slot:int}/opening")
    async def open(self, request: Asked, code: FromPath[str], slot: FromPath[int], actor: Me) -> Response[None]:
        async with transaction():
            event, found = await _found(request, code, slot)
            await scheduling.open_slot(found, event=event, actor=actor.actor, at=datetime.now(UTC))
        undo = f"{path_of(event)}/slots/{slot}/closing"
        return frame.back(request, path_of(event), told=say("The slot can be booked again."), undo=undo)


async def _found(request: Asked, code: str, slot: int) -> tuple[EventFacts, SlotFacts]:
    event = await events.find(code, frame.scope_of(request))
    return event, await events.slot(slot, event=event.id)


def _said_slot(sent: SlotPlanned, *, zone: str) -> SlotSaid:
    starts = forms.moment(sent.starts, zone=zone, field="starts")
    return SlotSaid(
        kind=sent.kind,
        name=sent.name,
        model=sent.model,
        starts_at=starts or datetime.now(UTC),
        minutes=sent.minutes,
        places=sent.places,
    )


async def _slot_page(request: Asked, event: EventFacts, slot: SlotFacts, *, wrong: Refused | None = None) -> Template:
    languages.reckon(event.zone)
    known = await reference.load()
    context: dict[str, Any] = {
        "event": event,
        "slot": slot,
        "starts": f"{slot.starts_at.astimezone(event.zone):%Y-%m-%d %H:%M}",
        "models": models_of(known.models.values(), known),
    }
    return frame.invalid(request, SLOT_FORM, wrong, **context) if wrong else frame.page(request, SLOT_FORM, **context)


CONTROLLERS = (Slots,)
