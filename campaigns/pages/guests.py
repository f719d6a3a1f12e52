"""The guests of a campaign for those who work with them: the list, the file, the list to print, and registering by hand.

Promises that its address says all that a list shows, with what was looked for only sealed in it, and that a guest of another brand is not
there. What a guest did not agree to have known is on no page of that brand's people.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream, Template

from campaigns import events, guests, guests_file, heads, registering
from campaigns.events import EventFacts
from campaigns.guests import SHOWN, Filters, Shown
from campaigns.heads import CampaignHead
from campaigns.registering import GuestSaid, RegistrationBody, WishSaid, naming
from crm import access, history, languages, reference
from crm.access import make_source
from crm.database import transaction
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.languages import say
from crm.pages import forms, frame
from crm.pages.frame import Asked
from crm.paging import Mark
from crm.roles import Actor
from crm.sources import sender

Me: TypeAlias = NamedDependency[Actor]
Word: TypeAlias = FromQuery[str | None]
SEES, WORKS = access.permits("guests.see"), access.permits("guests.work")
LIST, NEW, PRINTED = "campaigns/guests.html", "campaigns/guest_new.html", "campaigns/guests_printed.html"
DESK = "guest-desk"  # the source of what our own people write down
MOST_PRINTED = 2000
Typed = Annotated[str, msgspec.Meta(max_length=200)]
FIELDS = {"person.phone": "phone", "person.email": "email", "person": "phone", "wishes": "car"}


class Sought(msgspec.Struct):
    """Somebody to look for among the guests that an address lists."""

    q: str | None = None
    query: str = ""


class ByHand(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A guest as somebody writes them down; `event` is a code, `number` lets the form count once."""

    event: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    name: Typed | None = None
    phone: Typed | None = None
    email: Typed | None = None
    car: list[Typed] = []
    number: UUID | None = None


class Guests(Controller):
    """The list."""

    path = "/campaigns/{code:str}/guests"
    include_in_schema = False

    @get("/", guards=[SEES])
    async def show(
        self,
        request: Asked,
        code: FromPath[str],
        *,
        q: Word = None,
        event: Word = None,
        slot: FromQuery[int | None] = None,
        standing: Word = None,
        brand: Word = None,
        after: Word = None,
        before: Word = None,
    ) -> Template:
        scope = frame.scope_of(request)
        async with transaction():
            campaign = await heads.head(code, scope)
            filters = await _filters(
                campaign, event=event, slot=slot, standing=standing, brand=brand, q=q, request=request
            )
            page = await guests.listed(filters, scope, after=Mark.read(after), before=Mark.read(before))
            counted = await guests.totals(filters, scope)
            planned = await events.upcoming(scope, campaign=campaign.id, at=datetime.now(UTC))
            known = await reference.load()
            slots = await events.slots([filters.event]) if filters.event is not None else []
        kept = {"q": q, "event": event, "slot": slot, "standing": standing, "brand": brand}
        return frame.page(
            request,
            LIST,
            campaign=campaign,
            part="guests",
            guests=page,
            totals=counted,
            events=[one.event for one in planned],
            slots=slots,
            filters=filters,
            asked={name: value for name, value in kept.items() if value not in (None, "")},
            states=SHOWN,
            brand_codes={one.id: one for one in known.brands.values()},
            model_codes={one.id: one.code for one in known.models.values()},
        )

    @post("/search", guards=[SEES])
    async def look_for(self, request: Asked, code: FromPath[str]) -> Response[None]:
        sent = await frame.form(request, Sought)
        async with transaction():
            campaign = await heads.head(code, frame.scope_of(request))
        sealed = f"?{urlencode({'q': guests.sealed(sent.q)})}" if sent.q else ""
        return frame.back(request, f"/campaigns/{quote(campaign.code, safe='')}/guests{sealed}")

    @get("/export", guards=[access.permits("leads.export")])
    async def take_away(
        self,
        request: Asked,
        code: FromPath[str],
        *,
        q: Word = None,
        event: Word = None,
        slot: FromQuery[int | None] = None,
        standing: Word = None,
        brand: Word = None,
    ) -> Stream:
        at, scope = datetime.now(UTC), frame.scope_of(request)
        async with transaction():
            campaign = await heads.head(code, scope)
            filters = await _filters(
                campaign, event=event, slot=slot, standing=standing, brand=brand, q=q, request=request
            )
        pieces = guests_file.lines(filters, scope, campaign=campaign.code)
        headers = {"content-disposition": f'attachment; filename="guests-{at:%Y%m%d-%H%M}.csv"'}
        return Stream(pieces, media_type="text/csv; charset=utf-8", headers=headers)

    @get("/print", guards=[access.permits("leads.export")])
    async def to_print(
        self,
        request: Asked,
        code: FromPath[str],
        *,
        event: Word = None,
        slot: FromQuery[int | None] = None,
        standing: Word = None,
        brand: Word = None,
        q: Word = None,
    ) -> Template:
        scope = frame.scope_of(request)
        async with transaction():
            campaign = await heads.head(code, scope)
            filters = await _filters(
                campaign, event=event, slot=slot, standing=standing, brand=brand, q=q, request=request
            )
            page = await guests.listed(filters, scope, limit=MOST_PRINTED)
            # On paper names leave the house as in a file.
            await history.note(
                scope.actor.actor, "guests_printed", "campaign", campaign.id, at=datetime.now(UTC), rows=len(page.rows)
            )
            known = await reference.load()
            chosen = await events.by_id(filters.event) if filters.event is not None else None
        rows = sorted(page.rows, key=lambda guest: (guest.event, guest.name or "~", guest.registered_at))
        return frame.page(
            request, PRINTED, campaign=campaign, rows=rows, event=chosen, is_cut=page.goes_on_after, most=MOST_PRINTED,
            brand_codes={one.id: one for one in known.brands.values()},
            model_codes={one.id: one.code for one in known.models.values()},
        )  # fmt: skip

    @get("/new", guards=[WORKS])
    async def new(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            return await _new(request, code)

    @post("/new", guards=[WORKS])
    async def add(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        try:
            sent = await frame.form(request, ByHand)
            async with transaction():
                campaign = await heads.head(code, frame.scope_of(request))
                came = await _by_hand(sent, campaign, request=request, actor=actor)
        except NotThere:
            raise
        except Refused as wrong:
            async with transaction():
                return await _new(request, code, wrong=forms.at_fields(wrong, FIELDS))
        return frame.back(request, f"/guests/{came}", told=say("The guest is registered."))


async def _filters(
    campaign: CampaignHead,
    *,
    event: str | None,
    slot: int | None,
    standing: str | None,
    brand: str | None,
    q: str | None,
    request: Asked,
) -> Filters:
    """The filters as the address says them; what is none of the campaign's is not there."""
    chosen = await events.find(event, frame.scope_of(request)) if event else None
    if chosen is not None and chosen.campaign != campaign.id:
        raise NotThere
    known = (await reference.load()).brands
    scope = frame.scope_of(request)
    shown: Shown | None = next((one for one in SHOWN if one == standing), None)
    wanted = known[brand].id if brand in known else None
    return Filters(
        campaign=campaign.id,
        event=chosen.id if chosen else None,
        slot=slot if chosen else None,
        state=shown,
        # A brand's own people see whom else a guest wants to meet by no filter.
        brand=wanted if scope.brand in (None, wanted) else None,
        text=guests.opened(q),
    )


async def _by_hand(sent: ByHand, campaign: CampaignHead, *, request: Asked, actor: Actor) -> UUID:
    at = datetime.now(UTC)
    event = await _event_of(sent.event, campaign, request)
    models = (await reference.load()).models
    if any(car not in models for car in sent.car):
        raise Invalid(errors=[Fault(path="car", message=say("Please choose one of the list."))])
    body = RegistrationBody(
        external_id=naming.once(
            f"hand:{(sent.number or uuid4()).hex}", contacts=naming.contacts(phone=sent.phone, email=sent.email)
        ),
        person=GuestSaid(name=sent.name, phone=sent.phone, email=sent.email),
        wishes=[WishSaid(model=car) for car in dict.fromkeys(sent.car)],
        language="zh" if languages.spoken() == "zh-Hans" else "en",
    )
    source = await sender(await make_source(DESK, kind="event_desk"))
    came = await registering.register(
        body, event=event, source=source, at=at, raw=msgspec.json.encode(body), by="staff"
    )
    await history.note(actor.actor, "guest_registered", "registration", came.id, at=at)
    return came.id


async def _event_of(code: str, campaign: CampaignHead, request: Asked) -> EventFacts:
    event = await events.find(code, frame.scope_of(request))
    if event.campaign != campaign.id:
        raise NotThere
    return event


async def _new(request: Asked, code: str, *, wrong: Refused | None = None) -> Template:
    scope, at = frame.scope_of(request), datetime.now(UTC)
    campaign = await heads.head(code, scope)
    known = await reference.load()
    planned = [one.event for one in await events.upcoming(scope, campaign=campaign.id, at=at)]
    context: dict[str, Any] = {
        "campaign": campaign,
        "part": "guests",
        "events": [event for event in planned if event.phase(at) != "over"],
        "event_options": [(event.code, event.name) for event in planned if event.phase(at) != "over"],
        "cars": [
            (brand, [model.code for model in known.models.values() if model.brand == brand.id])
            for brand in known.brands.values()
        ],
        "number": uuid4(),
    }
    return frame.invalid(request, NEW, wrong, **context) if wrong else frame.page(request, NEW, **context)


CONTROLLERS = (Guests,)
