"""Events for those who plan them: all that are to come, one with its slots and who comes, and the forms that change it.

Promises that a campaign which the reader may not see is not there, and that a form comes back with what was typed and why it was refused.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from campaigns import drawn_codes, events, guest_links, heads, scheduling
from campaigns.events import EventFacts
from campaigns.scheduling import EventSaid
from crm import access, languages, reference, regions
from crm.database import transaction
from crm.errors import Refused
from crm.languages import say
from crm.pages import forms, frame
from crm.pages.frame import Asked
from crm.roles import Actor

Me: TypeAlias = NamedDependency[Actor]
SEES, WORKS = access.permits("campaigns.see"), access.permits("campaigns.work")
EVENT_FORM, EVENT_PAGE = "campaigns/event_form.html", "campaigns/event.html"
Line = Annotated[str, msgspec.Meta(max_length=200)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Planned(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An event as its form sends it; times are on the campaign's clock."""

    code: Annotated[str, msgspec.Meta(max_length=80)] = ""
    name: Name
    starts: str | None = None
    ends: str | None = None
    venue: Line | None = None
    address: Line | None = None
    city: Line | None = None
    capacity: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] | None = None
    offer_minutes: Annotated[int, msgspec.Meta(ge=1, le=20_160)] | None = None
    version: int = 0


class Events(Controller):
    """All events within sight."""

    path = "/events"
    include_in_schema = False

    @get("/", guards=[SEES])
    async def show_all(self, request: Asked) -> Template:
        at = datetime.now(UTC)
        async with transaction():
            listed = await events.upcoming(frame.scope_of(request), at=at)
        return frame.page(request, "campaigns/events.html", listed=listed, campaign=None, at=at)

    @get("/{code:str}", guards=[SEES])
    async def show(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            return await event_page(request, await events.find(code, frame.scope_of(request)))

    @get("/{code:str}/changes", guards=[WORKS])
    async def change_form(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            return await _form(request, await events.find(code, frame.scope_of(request)))

    @post("/{code:str}", guards=[WORKS])
    async def change(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        async with transaction():
            event = await events.find(code, frame.scope_of(request))
        try:
            sent = await frame.form(request, Planned)
            async with transaction():
                said = _said(sent, zone=event.time_zone)
                await scheduling.change_event(
                    event, said, version=sent.version, actor=actor.actor, at=datetime.now(UTC)
                )
        except Refused as wrong:
            async with transaction():
                return await _form(request, await events.find(code, frame.scope_of(request)), wrong=wrong)
        return frame.back(request, path_of(event), told=say("The event is changed; guests of what moved are told."))

    @post("/{code:str}/opening", guards=[WORKS])
    async def open(self, request: Asked, code: FromPath[str], actor: Me) -> Response[None]:
        async with transaction():
            event = await events.find(code, frame.scope_of(request))
            await scheduling.open_event(event, actor=actor.actor, at=datetime.now(UTC))
        return frame.back(request, path_of(event), told=say("Registration is open."), undo=f"{path_of(event)}/closing")

    @post("/{code:str}/closing", guards=[WORKS])
    async def close(self, request: Asked, code: FromPath[str], actor: Me) -> Response[None]:
        async with transaction():
            event = await events.find(code, frame.scope_of(request))
            await scheduling.close_event(event, actor=actor.actor, at=datetime.now(UTC))
        return frame.back(
            request, path_of(event), told=say("Registration is closed."), undo=f"{path_of(event)}/opening"
        )

    @get("/{code:str}/code.svg", guards=[SEES])
    async def code(self, request: Asked, code: FromPath[str]) -> Response[bytes]:
        async with transaction():
            event = await events.find(code, frame.scope_of(request))
        address = str(request.base_url).rstrip("/") + guest_links.of_event(event.code)
        headers = {"content-disposition": 'attachment; filename="event.svg"'}
        return Response(drawn_codes.file(address), media_type="image/svg+xml", headers=headers)


class CampaignEvents(Controller):
    """The events of one campaign."""

    path = "/campaigns/{code:str}/events"
    include_in_schema = False

    @get("/", guards=[SEES])
    async def show_all(self, request: Asked, code: FromPath[str]) -> Template:
        at, scope = datetime.now(UTC), frame.scope_of(request)
        async with transaction():
            campaign = await heads.head(code, scope)
            listed = await events.upcoming(scope, campaign=campaign.id, at=at)
        return frame.page(request, "campaigns/events.html", listed=listed, campaign=campaign, part="events", at=at)

    @get("/new", guards=[WORKS])
    async def new(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            campaign = await heads.head(code, frame.scope_of(request))
        return frame.page(request, EVENT_FORM, **_empty(campaign))

    @post("/", guards=[WORKS])
    async def add(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        async with transaction():
            campaign = await heads.head(code, frame.scope_of(request))
        try:
            sent = await frame.form(request, Planned)
            async with transaction():
                said = _said(sent, zone=campaign.time_zone)
                event = await scheduling.add_event(
                    sent.code, said, campaign=campaign.id, actor=actor.actor, at=datetime.now(UTC)
                )
        except Refused as wrong:
            return frame.invalid(request, EVENT_FORM, wrong, **_empty(campaign))
        return frame.back(request, path_of(event), told=say("The event is planned. Open it when people may register."))


def _said(sent: Planned, *, zone: str) -> EventSaid:
    """What the form says: times with an hour, or whole days."""
    times: dict[str, Any] = {}
    for name, typed in (("starts", sent.starts), ("ends", sent.ends)):
        found = forms.moment(typed, zone=zone, field=name)
        is_day = typed is not None and len(typed) == len("2026-05-01")
        times[f"{name}_on" if is_day else f"{name}_at"] = date.fromisoformat(typed) if is_day and typed else found
    return EventSaid(
        name=sent.name,
        venue=sent.venue,
        address=sent.address,
        city=sent.city,
        capacity=sent.capacity,
        offer_minutes=sent.offer_minutes,
        **times,
    )


async def event_page(request: Asked, event: EventFacts, *, wrong: Refused | None = None) -> Template:
    """An event with its slots and who comes, and why a form on it was refused."""
    at, scope = datetime.now(UTC), frame.scope_of(request)
    languages.reckon(event.zone)
    known = await reference.load()
    campaign = await heads.head(event.campaign_code, scope)
    [listed] = [one for one in await events.upcoming(scope, campaign=event.campaign, at=at) if one.event.id == event.id]
    address = str(request.base_url).rstrip("/") + guest_links.of_event(event.code)
    context: dict[str, Any] = {
        "event": event,
        "campaign": campaign,
        "part": "events",
        "listed": listed,
        "slots": await events.slots([event.id]),
        "by_brand": await events.by_brand(event.id, scope),
        "models": models_of(known.models.values(), known),
        "brand_codes": {brand.id: brand for brand in known.brands.values()},
        "phase": event.phase(at),
        "region": regions.table()[event.region].name if event.region else None,
        "public_address": address,
        "drawn": drawn_codes.inline(address),
        "at": at,
    }
    return frame.invalid(request, EVENT_PAGE, wrong, **context) if wrong else frame.page(request, EVENT_PAGE, **context)


async def _form(request: Asked, event: EventFacts, *, wrong: Refused | None = None) -> Template:
    context: dict[str, Any] = {
        "event": event,
        "campaign": await heads.head(event.campaign_code, frame.scope_of(request)),
        "starts": _typed(event.starts_at, event.starts_on, event),
        "ends": _typed(event.ends_at, event.ends_on, event),
        "city": regions.table()[event.region].name if event.region else "",
    }
    return frame.invalid(request, EVENT_FORM, wrong, **context) if wrong else frame.page(request, EVENT_FORM, **context)


def _empty(campaign: heads.CampaignHead) -> dict[str, Any]:
    return {"event": None, "campaign": campaign, "starts": "", "ends": "", "city": ""}


def _typed(at: datetime | None, on: date | None, event: EventFacts) -> str:
    """As one types it: a moment, or a whole day."""
    return f"{at.astimezone(event.zone):%Y-%m-%d %H:%M}" if at else str(on or "")


def models_of(models: Iterable[reference.ModelFacts], known: reference.Reference) -> list[tuple[str, str]]:
    """Models to choose from, with their brand."""
    return [(model.code, f"{known.brand(model.brand).name_en} {model.code}") for model in models]


def path_of(event: EventFacts) -> str:
    """Where an event is."""
    return f"/events/{quote(event.code, safe='')}"


CONTROLLERS = (Events, CampaignEvents)
