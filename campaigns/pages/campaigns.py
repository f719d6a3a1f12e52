"""The list of campaigns, their calendar, and new ones: from nothing or after the pattern of an earlier one.

Promises that filters stand in the address, and that what is not the reader's is not there.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Template

from campaigns import heads
from campaigns.pages.plan_form import PlanForm, cities, zones
from campaigns.pages.ways import Me, campaign_of, part
from campaigns.planning import calendar, clones, lists, months, plans
from crm import access, reference, regions
from crm.database import transaction
from crm.errors import Refused
from crm.languages import say
from crm.network import local_day
from crm.pages import frame
from crm.pages.frame import Asked

Number = Annotated[int, QueryParameter(ge=1, le=1000)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class NewPlan(PlanForm, forbid_unknown_fields=True, kw_only=True):
    """A plan with the code it shall have."""

    code: Code


class Pattern(msgspec.Struct, forbid_unknown_fields=True):
    """What a clone is called and when it begins."""

    code: Code
    name: Name
    starts_on: date


SEES, WORKS = access.permits("campaigns.see"), access.permits("campaigns.work")


class Campaigns(Controller):
    """All of them, and planning one more."""

    path = "/campaigns"
    include_in_schema = False

    @get("/", guards=[SEES])
    async def show(  # noqa: PLR0917  Litestar calls it by name
        self,
        request: Asked,
        status: FromQuery[str | None] = None,
        brand: FromQuery[str | None] = None,
        city: FromQuery[str | None] = None,
        q: FromQuery[str | None] = None,
        page: Number = 1,
    ) -> Template:
        brands, scope = (await reference.load()).brands, frame.scope_of(request)
        asked = {"status": status, "brand": brand, "city": city, "q": (q or "").strip()[:80] or None}
        wanted = lists.Wanted(
            status=status if status in lists.STATUSES else None,
            brand=brands[brand].id if brand in brands else None,
            region=city if city in regions.table() else None,
            q=asked["q"],
        )
        async with transaction():
            found = await lists.page(wanted, scope, number=page)
            counts = await lists.counts(wanted, scope)
            cities = await lists.cities(scope)
        context: dict[str, Any] = {
            "asked": asked,
            "wanted": wanted,
            "listed": found[: lists.PAGE],
            "counts": counts,
            "cities": [(code, "".join(regions.called(code))) for code in cities],
            "number": page,
            "goes_on": len(found) > lists.PAGE,
            "reference": heads.reference,
        }
        return frame.page(request, "campaigns/campaigns.html", **context)

    @get("/calendar", guards=[SEES])
    async def calendar(self, request: Asked, month: FromQuery[str | None] = None) -> Template:
        shown = months.read(month, today=local_day(datetime.now(UTC)))
        scope = frame.scope_of(request)
        async with transaction():
            found = await calendar.entries(scope, since=shown.first_shown, until=shown.last_shown)
            clashes = await calendar.clashes(scope, since=shown.first, until=shown.last)
        return frame.page(
            request,
            "campaigns/calendar.html",
            month=shown,
            weeks=months.weeks(shown, found, clashes),
            clashes=clashes,
            count=len(found),
            reference=heads.reference,
            place=_place,
        )

    @get("/new", guards=[WORKS])
    async def ask(self, request: Asked) -> Template:
        return frame.page(request, "campaigns/campaign_new.html", **_choices())

    @post("/", guards=[WORKS])
    async def make(self, request: Asked, actor: Me) -> Template | Response[None]:
        async with transaction():
            try:
                sent = await frame.form(request, NewPlan)
                campaign = await plans.make(sent.code, sent.plan(), actor=actor.actor, at=datetime.now(UTC))
            except Refused as wrong:
                return frame.invalid(request, "campaigns/campaign_new.html", wrong, **_choices())
        told = say("The draft is there. Now its partners and their shares.")
        return frame.back(request, f"/campaigns/{heads.reference(sent.code, campaign)}/edit#partners", told=told)

    @get("/{code:str}/clone", guards=[WORKS])
    async def ask_for_clone(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            campaign = await campaign_of(request, code)
        return part(request, "campaigns/clone.html", campaign, "overview", next_year=_next_year(campaign.starts_on))

    @post("/{code:str}/clones", guards=[WORKS])
    async def clone(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        async with transaction():
            campaign = await campaign_of(request, code)
            try:
                sent = await frame.form(request, Pattern)
                made = await _cloned(campaign.id, sent, actor.actor)
            except Refused as wrong:
                context = {"campaign": campaign, "part": "overview", "next_year": _next_year(campaign.starts_on)}
                return frame.invalid(request, "campaigns/clone.html", wrong, **context)
        told = say("The draft is there, with everything but people. Look at its days and its events.")
        return frame.back(request, f"/campaigns/{heads.reference(sent.code, made)}", told=told)


async def _cloned(campaign: int, sent: Pattern, actor: str) -> int:
    at = datetime.now(UTC)
    return await clones.clone(campaign, code=sent.code, name=sent.name, starts_on=sent.starts_on, actor=actor, at=at)


def _choices() -> dict[str, Any]:
    return {"cities": cities(), "zones": zones(None)}


def _next_year(day: date | None) -> date | None:
    # The same weekday, for shows open on weekends.
    return day + timedelta(days=364) if day and day.year < date.max.year - 1 else None


def _place(region: str | None) -> str:
    return "".join(regions.called(region)) if region else "–"


CONTROLLERS = (Campaigns,)
