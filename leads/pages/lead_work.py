"""How staff put a lead right: the place, the interests, spam, and back to the machine.

Promises that whoever saves over somebody else's change is shown both values and loses nothing, and that every form comes back with what was
typed. Each handler reads its form, calls one verb and goes back to the lead.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from crm import access, reference
from crm.database import current, transaction
from crm.errors import NotThere, Refused
from crm.languages import later, say
from crm.pages import forms, frame
from crm.pages.forms import Asked
from crm.roles import Scope
from leads import dossier, kinds, steering
from leads.steering import Outdated, Wanted, finding_places, standing

# How it became known what the person asks for; the codes are those of `steering.HEARD`.
HEARD = {
    "by_phone": later("The person said so on the phone"),
    "in_person": later("The person said so face to face"),
    "in_writing": later("The person wrote so, by mail or message"),
}


class PlaceForm(msgspec.Struct, forbid_unknown_fields=True):
    """The chosen region and the version of the lead that was on the screen; `q` is what was sought."""

    version: int
    region: str
    q: str | None = None


class InterestForm(msgspec.Struct, forbid_unknown_fields=True):
    """`car` is a brand's code, or brand/model; `heard` how the person made it known."""

    version: int
    kind: str
    car: str | None = None
    preferred_store: str | None = None
    heard: str | None = None


class Place(Controller):
    """Where the person is: sought by a name or code, chosen from what fits."""

    path = "/leads/{lead:uuid}/place"
    guards = [access.permits("leads.work")]
    include_in_schema = False

    @get("/")
    async def choose(self, request: Asked, lead: FromPath[UUID], q: FromQuery[str | None] = None) -> Template:
        async with transaction():
            seen = await dossier.read(lead, scope=frame.scope_of(request))
        name = "leads/_regions.html" if frame.wants_fragment(request) else "leads/place.html"
        sought = q if q is not None else seen.address
        return frame.page(request, name, lead=seen, q=sought or "", regions=finding_places.like(sought or ""))

    @post("/")
    async def say(self, request: Asked, lead: FromPath[UUID]) -> Response[Any] | Template:
        scope = frame.scope_of(request)
        try:
            sent = await frame.form(request, PlaceForm)
            async with transaction():
                await steering.place(lead, region=sent.region, version=sent.version, scope=scope, at=_now())
                stays = await _is_seen(lead, scope)
        except Outdated as met:
            return await _conflict(request, lead, met, action=f"/leads/{lead}/place", fields={"region": sent.region})
        except Refused as no:
            return await _place_again(request, lead, no)
        # A regional manager may have sent it to a colleague's region.
        return frame.back(
            request,
            f"/leads/{lead}" if stays else "/leads",
            told=say("The place is noted; what waited for it moves on."),
        )


class Interests(Controller):
    """What the person wants."""

    path = "/leads/{lead:uuid}/interests"
    guards = [access.permits("leads.work")]
    include_in_schema = False

    @get("/new")
    async def blank(self, request: Asked, lead: FromPath[UUID]) -> Template:
        return frame.page(request, "leads/interest.html", **await _interest_context(request, lead, None))

    @post("/")
    async def add(self, request: Asked, lead: FromPath[UUID]) -> Response[Any] | Template:
        return await self._save(request, lead, None)

    @get("/{interest:uuid}")
    async def show(self, request: Asked, lead: FromPath[UUID], interest: FromPath[UUID]) -> Template:
        async with transaction():
            await standing.need_interest(interest, lead=lead, scope=frame.scope_of(request))
        return frame.page(request, "leads/interest.html", **await _interest_context(request, lead, interest))

    @post("/{interest:uuid}")
    async def change(self, request: Asked, lead: FromPath[UUID], interest: FromPath[UUID]) -> Response[Any] | Template:
        return await self._save(request, lead, interest)

    @post("/{interest:uuid}/routing")
    async def route(self, request: Asked, lead: FromPath[UUID], interest: FromPath[UUID]) -> Response[Any]:
        scope = frame.scope_of(request)
        async with transaction():
            await standing.need_interest(interest, lead=lead, scope=scope)
            await steering.route_again(interest, scope=scope, at=_now())
        return frame.back(request, f"/leads/{lead}", told=say("Routing looks at it again."))

    async def _save(self, request: Asked, lead: UUID, interest: UUID | None) -> Response[Any] | Template:
        scope = frame.scope_of(request)
        try:
            sent = await frame.form(request, InterestForm)
            wanted = _wanted(sent)
            said: dict[str, Any] = {"heard": sent.heard, "version": sent.version, "scope": scope, "at": _now()}
            async with transaction():
                if interest is None:
                    await steering.add_interest(lead, wanted, **said)
                else:
                    await standing.need_interest(interest, lead=lead, scope=scope)
                    await steering.change_interest(interest, wanted, **said)
        except Outdated as met:
            action = f"/leads/{lead}/interests{f'/{interest}' if interest else ''}"
            fields = {name: getattr(sent, name) or "" for name in ("kind", "car", "preferred_store", "heard")}
            return await _conflict(request, lead, met, action=action, fields=fields)
        except Refused as no:
            context = await _interest_context(request, lead, interest)
            at_car = forms.at_fields(no, {"brand": "car", "model": "car"})
            return frame.invalid(request, "leads/interest.html", at_car, **context)
        return frame.back(request, f"/leads/{lead}", told=say("The interest is noted; it goes on by itself."))


class Spam(Controller):
    """Whether it is a lead at all."""

    path = "/leads/{lead:uuid}/spam"
    guards = [access.permits("leads.work")]
    include_in_schema = False

    @post("/")
    async def mark(self, request: Asked, lead: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await steering.mark_spam(lead, scope=frame.scope_of(request), at=_now())
        return frame.back(request, f"/leads/{lead}", told=say("Marked as spam."), undo=f"/leads/{lead}/spam/undoing")

    @post("/undoing")
    async def unmark(self, request: Asked, lead: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await steering.unmark_spam(lead, scope=frame.scope_of(request), at=_now())
        return frame.back(request, f"/leads/{lead}", told=say("It is a lead again and goes the whole way."))


async def cars(scope: Scope) -> list[tuple[int, str, list[str]]]:
    """Brands that this reader may name, with their models: (id, code, model codes)."""
    words = await reference.load()
    return [
        (brand.id, brand.code, [model.code for model in words.models.values() if model.brand == brand.id])
        for brand in sorted(words.brands.values(), key=lambda one: one.rank)
        if scope.actor.brand in (None, brand.id)
    ]


def _wanted(sent: InterestForm) -> Wanted:
    brand, _, model = (sent.car or "").partition("/")
    return Wanted(
        kind=sent.kind, brand=brand or None, model=model or None, preferred_store=sent.preferred_store or None
    )


async def _interest_context(request: Asked, lead: UUID, interest: UUID | None) -> dict[str, Any]:
    scope = frame.scope_of(request)
    async with transaction():
        seen = await dossier.read(lead, scope=scope)
        choices = await cars(scope)
    one = next((it for it in seen.interests if it.id == interest), None)
    return {
        "lead": seen,
        "interest": one,
        "interest_id": interest,
        "cars": choices,
        "kind_rows": kinds.INTERESTS,
        "heard": HEARD,
    }


async def _place_again(request: Asked, lead: UUID, no: Refused) -> Template:
    async with transaction():
        seen = await dossier.read(lead, scope=frame.scope_of(request))
    sought = str(getattr(request.state, "given", {}).get("q") or "")
    return frame.invalid(request, "leads/place.html", no, lead=seen, q=sought, regions=finding_places.like(sought))


async def _conflict(request: Asked, lead: UUID, met: Outdated, *, action: str, fields: dict[str, str]) -> Template:
    """Both values side by side with the choice; the form to save mine carries what was typed, so nothing is lost."""
    scope = frame.scope_of(request)
    async with transaction():
        seen = await dossier.read(lead, scope=scope)
        ids = [str(lead), *(str(one.id) for one in seen.interests)]
        last = await current().fetchrow(_LAST_CHANGE, ids, scope.brand)
    fields = {**fields, "version": str(met.version)}
    return frame.page(
        request, "leads/conflict.html", status=Outdated.status, lead=seen, met=met, action=action, fields=fields, last=last,
        region_name=dossier.place_name, kind_words={kind.code: kind for kind in kinds.INTERESTS},
    )  # fmt: skip


async def _is_seen(lead: UUID, scope: Scope) -> bool:
    try:
        await standing.need_lead(lead, scope=scope)
    except NotThere:
        return False
    return True


def _now() -> datetime:
    return datetime.now(UTC)


# Who changed a lead last. Grain: one row. $1 ids of the lead and its interests, $2 the brand whose other colleagues are nameless, or null.
_LAST_CHANGE = """
select case when $2::int is null or staff.brand is null or staff.brand = $2 then staff.name end as name, entry.at
from history_entry as entry left join staff on entry.actor = 'staff:' || staff.id
where entry.subject_kind in ('lead', 'interest') and entry.subject = any($1::text[])
order by entry.at desc, entry.id desc limit 1
"""

CONTROLLERS = (Place, Interests, Spam)
