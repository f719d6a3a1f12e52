"""A lead written down by hand: name and contact, what is wanted, where, and what was agreed, each answer beside its wording.

Promises that nothing is ticked beforehand, that a form sent twice makes one lead, and that what was typed is there again when something is
wrong. The number and the e-mail travel in bodies alone, never in an address.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import msgspec
from asyncpg import Record
from litestar import Controller, Response, get, post
from litestar.response import Template

from crm import access, languages, places
from crm.consent import Purpose
from crm.database import current, transaction
from crm.errors import Fault, Invalid
from crm.languages import later, say
from crm.network import local_day, network
from crm.pages import frame
from crm.pages.forms import Asked
from crm.roles import Scope, numbered
from leads import entering, kinds
from leads.pages.lead_work import cars
from leads.steering import finding_places, standing
from leads.submission import (
    ConsentSaid,
    ContactPreference,
    InterestKind,
    InterestSaid,
    LeadBody,
    NoticeShown,
    Origin,
    PersonSaid,
    PlaceSaid,
)

PAGE = "leads/new_lead.html"
NOTICE = "desk"
OPEN = "open"  # said where a name fits several places, and none of them is known to be meant
PURPOSES: dict[Purpose, str] = {
    "share_with_dealer": later("A store of the brand may be told and may contact me"),
    "share_with_brand": later("The brand may know my contact details and wishes"),
    "alliance_marketing": later("The alliance may send me offers"),
}
# Where capture's paths stand on this form; the longest beginning that fits counts.
FIELDS = {
    "person.phone": "phone",
    "person.email": "email",
    "person": "phone",
    "place": "place",
    "interests": "cars",
    "consents": "agreed",
    "remark": "remark",
    "source": "occasion",
}


class LeadForm(msgspec.Struct, forbid_unknown_fields=True):
    """What the desk writes; `cars` are brand or brand/model, `agreed` the purposes that were ticked, `occasion` campaign or campaign|event."""

    external_id: str
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    kind: str = "test_drive"
    cars: list[str] = []
    preferred_store: str | None = None
    place: str | None = None
    region: str | None = None
    agreed: list[str] = []
    notice_version: str | None = None
    notice_language: str | None = None
    occasion: str | None = None
    reach_by: str | None = None
    remark: str | None = None


class KnownForm(LeadForm):
    """The same form, asked about before it is sent: only contact details are looked at."""


class NewLead(Controller):
    """The form for a lead by hand."""

    path = "/leads/new"
    guards = [access.permits("leads.create")]
    include_in_schema = False

    @get("/")
    async def blank(self, request: Asked) -> Template:
        return frame.page(request, PAGE, **await _context(request))

    @post("/")
    async def enter(self, request: Asked) -> Response[Any] | Template:
        scope, at = frame.scope_of(request), datetime.now(UTC)
        try:
            sent = await frame.form(request, LeadForm)
            async with transaction():
                body = await _body(sent, scope=scope, at=at)
                entered = await entering.enter(body, by=scope.actor, at=at)
                await standing.need_lead(entered.lead, scope=scope)
        except Invalid as wrong:
            return frame.invalid(request, PAGE, _on_the_form(wrong), **await _context(request))
        told = (
            say("This form was sent before; here is its lead.")
            if entered.again
            else say("The lead is there and goes on by itself.")
        )
        return frame.back(request, f"/leads/{entered.lead}", told=told)

    @post("/known")
    async def known(self, request: Asked) -> Template:
        sent = await frame.form(request, KnownForm)
        async with transaction():
            known = await entering.joins_somebody_known(frame.scope_of(request), phone=sent.phone, email=sent.email)
        return frame.page(request, "leads/_known.html", known=known)


async def _context(request: Asked) -> dict[str, Any]:
    scope, given = frame.scope_of(request), getattr(request.state, "given", {})
    typed, zh = given.get("place") or "", languages.spoken() == "zh-Hans"
    async with transaction():
        return {
            "external_id": given.get("external_id") or f"hand-{uuid4()}",
            "cars_offered": await cars(scope),
            "kind_options": [(kind.code, kind.name_zh if zh else kind.name_en, False) for kind in kinds.INTERESTS],
            "occasions": await _occasions(scope),
            "notice": await _notice(),
            "purposes": PURPOSES,
            "regions": finding_places.like(typed) if typed and _is_open(typed) else [],
            # A known number is told in the answer to a fault as by the script before.
            "known": bool(given)
            and await entering.joins_somebody_known(scope, phone=given.get("phone"), email=given.get("email")),
        }


async def _body(sent: LeadForm, *, scope: Scope, at: datetime) -> LeadBody:
    faults = await _faults(sent, scope=scope)
    wishes = await _wishes(sent, faults, at=at)
    if faults:
        raise Invalid(errors=faults)
    campaign, _, event = (sent.occasion or "").partition("|")
    said = {
        "external_id": sent.external_id,
        "captured_at": at,
        "source": Origin(kind="event_desk", campaign=campaign or None, event=event or None),
        "person": PersonSaid(name=sent.name, phone=sent.phone, email=sent.email),
        "place": PlaceSaid(region_code=None if sent.region == OPEN else sent.region, address=sent.place)
        if sent.place or sent.region
        else None,
        "interests": wishes,
        "consents": _consents(sent),
        "contact_preference": ContactPreference(note=sent.reach_by) if sent.reach_by else None,
        "remark": sent.remark,
    }
    return _checked(said)


def _checked(said: dict[str, Any]) -> LeadBody:
    """The body with the limits of the wire on it, which plain construction does not ask for."""
    try:
        return msgspec.json.decode(msgspec.json.encode(LeadBody(**said)), type=LeadBody)
    except msgspec.ValidationError as wrong:
        path = str(wrong).partition(" - at `$.")[2].rstrip("`")
        raise Invalid(errors=[Fault(path=path, message="This is too long or cannot be used as it is.")]) from None


async def _faults(sent: LeadForm, *, scope: Scope) -> list[Fault]:
    mine = {code for _, code, _ in await cars(scope)}
    faults = []
    if sent.kind not in {kind.code for kind in kinds.INTERESTS}:
        faults.append(Fault(path="kind", message="Choose what is wanted."))
    if scope.actor.brand is not None and not sent.cars:
        faults.append(Fault(path="cars", message="Choose at least one car."))
    if any(car.partition("/")[0] not in mine for car in sent.cars):
        faults.append(Fault(path="cars", message="Choose among the cars shown."))
    if sent.agreed and not sent.cars:
        faults.append(
            Fault(path="agreed", message="Choose the car first: an answer is for the brands that were named.")
        )
    if sent.place and not sent.region and _is_open(sent.place):
        faults.append(Fault(path="region", message="Several places are called so; choose one, or none of them."))
    return faults


async def _wishes(sent: LeadForm, faults: list[Fault], *, at: datetime) -> list[InterestSaid]:
    store = await _store(sent, faults, at=at)
    wishes = []
    for car in dict.fromkeys(sent.cars):
        brand, _, model = car.partition("/")
        asked = store[0] if store and brand in store[1] else None
        # Checked before: one of the kinds there are.
        wishes.append(
            InterestSaid(kind=cast("InterestKind", sent.kind), brand=brand, model=model or None, preferred_store=asked)
        )
    return wishes


async def _store(sent: LeadForm, faults: list[Fault], *, at: datetime) -> tuple[str, set[str]] | None:
    """The code of the store that was asked for, by code or whole name, with the brands it sells."""
    if not sent.preferred_store:
        return None
    typed = sent.preferred_store.strip()
    picture = await network(local_day(at))
    found = next(
        (store for store in picture.stores.values() if typed.upper() == store.code or typed == store.name_zh), None
    )
    rows = await current().fetch(
        "select code from brand where id = any($1::int[])", list(found.brands) if found else []
    )
    brands = {row["code"] for row in rows}
    if found is None or not brands & {car.partition("/")[0] for car in sent.cars}:
        faults.append(Fault(path="preferred_store", message="No store of these brands has this code or name."))
        return None
    return found.code, brands


def _consents(sent: LeadForm) -> list[ConsentSaid]:
    """What was ticked, for the brands that were named; what was left open is no answer."""
    brands = list(dict.fromkeys(car.partition("/")[0] for car in sent.cars))
    shown = NoticeShown(id=NOTICE, version=sent.notice_version or "", language=sent.notice_language or "")
    return [
        ConsentSaid(purpose=purpose, given=True, notice=shown, brands=brands)
        for purpose in PURPOSES
        if purpose in sent.agreed
    ]


def _is_open(place: str) -> bool:
    return places.resolve(place).certainty in ("ambiguous", "partial")


def _on_the_form(wrong: Invalid) -> Invalid:
    return Invalid(errors=[Fault(path=_field(one["path"]), message=say(one["message"])) for one in wrong.errors])


def _field(path: str) -> str:
    if "preferred_store" in path:
        return "preferred_store"
    return next((field for start, field in FIELDS.items() if path.startswith(start)), path or "phone")


async def _notice() -> Record | None:
    """The wording in force in the reader's language, else the newest there is."""
    language = "zh" if languages.spoken() == "zh-Hans" else "en"
    rows: Sequence[Record] = await current().fetch(_NOTICE, NOTICE, local_day(datetime.now(UTC)), language)
    return rows[0] if rows else None


async def _occasions(scope: Scope) -> list[tuple[str, str]]:
    """Campaigns and their events, the latest first, as value and words; a brand's staff choose among those it takes part in."""
    query, values = numbered(_OCCASIONS, [scope.of_brands("partner.brand")])
    found = []
    for row in await current().fetch(query, *values):
        found.append((row["campaign"], row["name"]))
        found += [
            (f"{row['campaign']}|{event}", f"{row['name']} · {name}")
            for event, name in zip(row["events"] or (), row["event_names"] or (), strict=True)
        ]
    return found


_NOTICE = """
select notice.code, notice_version.version, notice_version.language, notice_version.text
from notice_version join notice on notice.id = notice_version.notice
where notice.code = $1 and valid_from_on <= $2 and (valid_until_on is null or valid_until_on > $2)
order by notice_version.language = $3 desc, valid_from_on desc, notice_version.id desc
limit 1
"""

_OCCASIONS = """
select campaign.code as campaign, campaign.name, array_agg(event.code order by event.id) filter (where event.id is not null) as events,
       array_agg(event.name order by event.id) filter (where event.id is not null) as event_names
from campaign left join event on event.campaign = campaign.id
where campaign.status <> 'found' and exists (select from partner where partner.campaign = campaign.id and {})
group by campaign.id
order by campaign.id desc
limit 40
"""

CONTROLLERS = (NewLead,)
