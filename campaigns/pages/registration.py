"""Registering for an event on a phone: one page without an account or a script, in both languages.

Promises that nothing is ticked beforehand, that a form sent twice registers once, and that neither the answer nor how long it takes tells
whether somebody is known or registered already. Refuses machines that fill in what no person sees, and forms that are sent too often.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Annotated, Any, get_args

import msgspec
from litestar import Controller, MediaType, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from campaigns import events, form_keys, form_tries, guest_links, landings, registering, touchpoints
from campaigns.events import EventFacts
from campaigns.form_keys import FormKey
from campaigns.registering import EventClosed, EventOver, GuestSaid, RegistrationBody, SlotClosed, WishSaid, naming
from crm import access, languages, origin, reference
from crm.access import make_source
from crm.api import receiving
from crm.consent import Purpose
from crm.database import current, transaction
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.languages import later, say
from crm.network import local_day
from crm.pages import forms, frame
from crm.pages.frame import Asked
from crm.sources import sender
from crm.wire import ConsentSaid, NoticeShown, PlaceSaid

PAGE, OVER = "campaigns/registration.html", "campaigns/registration_closed.html"
NOTICE = "registration"
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
EVERY_BRAND = "all"
ONE_FORM = 64 * 1024  # bytes
QUICKEST = timedelta(seconds=2)
# How long an answer takes at least: what is done for somebody known and for somebody new differs by less than this leaves over.
STEADY_SECONDS = 0.25

TOO_QUICK = later("That was very quick. Please look it over once more, then send it again.")
STALE = later("This page was open for long. Nothing was sent yet; please send it once more.")
NOT_A_CAR = later("Please choose one of the list.")
Typed = Annotated[str, msgspec.Meta(max_length=200)]
# Where the paths of a registration stand on this form.
FIELDS = {
    "person.phone": "phone",
    "person.email": "email",
    "person": "phone",
    "place": "place",
    "wishes": "car",
    "consents": "agreed",
}


class Form(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The form as it comes; `website` is filled in by machines alone, `form` is its key, `c` the channel."""

    form: Annotated[str, msgspec.Meta(max_length=800)] = ""
    name: Typed | None = None
    phone: Typed | None = None
    email: Typed | None = None
    place: Typed | None = None
    car: list[Typed] = []
    slot: int | None = None
    agreed: list[Typed] = []
    c: Typed | None = None
    website: str | None = None


class Places(msgspec.Struct, frozen=True):
    """What is left of an event at this moment: places by slot, as the page tells them."""

    full: bool
    slots: dict[int, int]


class RegistrationPage(Controller):
    """An event as the public sees it."""

    path = "/e/{code:str}"
    guards = [access.own_pages]
    opt = {receiving.PASSED_ON: True}
    include_in_schema = False

    @get("/")
    async def show(self, request: Asked, code: FromPath[str], c: FromQuery[str | None] = None) -> Template:
        at = datetime.now(UTC)
        async with transaction():
            event = await events.of_public(code)
            return await _page(request, event, channel=c, at=at)

    @get("/places", media_type=MediaType.JSON)
    async def places(self, code: FromPath[str]) -> Places:
        at = datetime.now(UTC)
        async with transaction():
            event = await events.of_public(code)
            slots = [slot for slot in await events.slots([event.id]) if slot.is_bookable(at)]
        return Places(event.is_full, {slot.id: slot.left for slot in slots})

    @post("/", request_max_body_size=ONE_FORM)
    async def register(self, request: Asked, code: FromPath[str]) -> Template | Response[None]:
        began, at = monotonic(), datetime.now(UTC)
        answer = await _registered(request, code, at=at)
        await asyncio.sleep(max(0.0, began + STEADY_SECONDS - monotonic()))
        return answer


async def _registered(request: Asked, code: str, *, at: datetime) -> Template | Response[None]:
    async with transaction():
        event = await events.of_public(code)
    wrong: Refused
    try:
        sent = await frame.form(request, Form)
        key = _key(sent, event, at=at)
        async with transaction():
            await form_tries.count(address=origin.address(request), contacts=_contacts(sent), at=at)
        async with transaction():
            return frame.back(request, await _arrived(request, sent, key, event=event, at=at))
    except (EventClosed, EventOver):
        wrong = EventClosed()
    except NotThere:
        wrong = SlotClosed()
    except Refused as refused:
        wrong = forms.at_fields(refused, FIELDS)
    async with transaction():
        return await _page(request, event, at=at, wrong=wrong)


async def _arrived(request: Asked, sent: Form, key: FormKey, *, event: EventFacts, at: datetime) -> str:
    """The registration is made; where its guest goes on."""
    source = await sender(await make_source(registering.FORM_SOURCE, kind="web_form"))
    body = await _body(sent, key, event=event)
    came = await registering.register(
        body, event=event, source=source, at=at, raw=await request.body(), slot=sent.slot, by="guest"
    )
    if visitor := landings.visitor_of(request.cookies.get(landings.COOKIE)):
        await touchpoints.adopt(visitor, person=came.person, observation=came.observation, at=at)
    return guest_links.of_guest(came.link)


def _key(sent: Form, event: EventFacts, *, at: datetime) -> FormKey:
    """The form's key; refuses machines and what lay about for too long, before anything is looked up."""
    key = form_keys.opened(sent.form, event=event.code, at=at)
    if key is None:
        raise _Stale
    if sent.website or at - key.at < QUICKEST:
        raise _TooQuick
    return key


class _Stale(Refused):
    status = 422
    sentence = STALE


class _TooQuick(Refused):
    status = 422
    sentence = TOO_QUICK


async def _body(sent: Form, key: FormKey, *, event: EventFacts) -> RegistrationBody:
    known = await reference.load()
    shared = await _brands(event)
    if any(car not in known.models for car in sent.car):
        raise Invalid(errors=[Fault(path="car", message=say(NOT_A_CAR))])
    return RegistrationBody(
        # Whoever goes back to the same form and writes somebody else down registers somebody else.
        external_id=naming.once(key.external_id, contacts=_contacts(sent)),
        person=GuestSaid(name=sent.name, phone=sent.phone, email=sent.email),
        wishes=[WishSaid(model=car) for car in dict.fromkeys(sent.car)],
        place=PlaceSaid(address=sent.place) if sent.place else None,
        language="zh" if languages.spoken() == "zh-Hans" else "en",
        channel=await _channel(sent.c, event),
        consents=_consents(sent.agreed, key, brands=[brand.code for brand in shared]),
    )


def _consents(agreed: Iterable[str], key: FormKey, *, brands: list[str]) -> list[ConsentSaid]:
    """What was ticked, one answer for each purpose and brand; unknown ticks are faults of a machine, and said so."""
    notice = NoticeShown(id=key.notice, version=key.version, language=key.language)
    said: dict[tuple[Purpose, str], None] = {}
    for tick in agreed:
        purpose, _, brand = tick.partition(":")
        named = brands if brand == EVERY_BRAND else [brand]
        if purpose not in PURPOSES or not set(named) <= set(brands):
            raise Invalid(errors=[Fault(path="agreed", message=say(NOT_A_CAR))])
        said |= dict.fromkeys((purpose, one) for one in named)
    return [ConsentSaid(purpose=purpose, given=True, notice=notice, brands=[brand]) for purpose, brand in said]


async def _channel(code: str | None, event: EventFacts) -> str | None:
    """The way by which they came, if it is one of this campaign; on a page an unknown one is no fault of the guest."""
    known: str | None = await current().fetchval(
        "select code from channel where campaign = $1 and code = $2", event.campaign, code
    )
    return known


def _contacts(sent: Form) -> list[str]:
    """The contacts by which this form is counted."""
    return naming.contacts(phone=sent.phone, email=sent.email)


async def _page(
    request: Asked, event: EventFacts, *, at: datetime, channel: str | None = None, wrong: Refused | None = None
) -> Template:
    languages.reckon(event.zone)
    if event.phase(at) != "open":
        status = 410 if event.phase(at) == "over" else 409 if wrong else 200
        return frame.page(request, OVER, status=status, event=event, phase=event.phase(at))
    context = await _context(request, event, channel=channel, at=at)
    return frame.invalid(request, PAGE, wrong, **context) if wrong else frame.page(request, PAGE, **context)


async def _context(request: Asked, event: EventFacts, *, channel: str | None, at: datetime) -> dict[str, Any]:
    notice = await _notice(at=at)
    given = getattr(request.state, "given", {})
    is_usable = form_keys.opened(str(given.get("form", "")), event=event.code, at=at) is not None
    brands = await _brands(event)
    models = (await reference.load()).models.values()
    fresh = form_keys.made(
        notice=NOTICE, version=notice["version"], language=notice["language"], event=event.code, at=at
    )
    return {
        "event": event,
        "cars": [(brand, [model.code for model in models if model.brand == brand.id]) for brand in brands],
        "partners": brands,
        "slots": [slot for slot in await events.slots([event.id]) if slot.is_bookable(at)],
        "notice": notice,
        "key": given["form"] if is_usable else fresh,
        "channel": given.get("c") or channel or "",
        "brand_codes": {brand.id: brand for brand in (await reference.load()).brands.values()},
    }


async def _brands(event: EventFacts) -> list[reference.BrandFacts]:
    """The brands that the form asks about: the campaign's partners, or all where none are known."""
    shared = await events.partners(event.campaign)
    brands = sorted((await reference.load()).brands.values(), key=lambda brand: brand.rank)
    return [brand for brand in brands if not shared or brand.id in shared]


async def _notice(*, at: datetime) -> dict[str, Any]:
    """The wording of today, in the reader's language where there is one."""
    spoken = "zh" if languages.spoken() == "zh-Hans" else "en"
    rows = await current().fetch(_WORDING, NOTICE, local_day(at), spoken)
    if not rows:
        raise NotThere
    return dict(rows[0])


_WORDING = """
select version, language, text, valid_from_on from notice_version join notice on notice.id = notice
where notice.code = $1 and valid_from_on <= $2 and (valid_until_on is null or valid_until_on > $2)
order by language = $3 desc, valid_from_on desc limit 1
"""

CONTROLLERS = (RegistrationPage,)
