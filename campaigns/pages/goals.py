"""The goals of a campaign beside what was reached, by brand and figure.

Promises to a brand's people the goals and figures of their own brand alone.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from campaigns import figures
from campaigns.figures import GOALS, Figure
from campaigns.heads import CampaignHead
from campaigns.pages.ways import Me, campaign_of
from campaigns.planning import goals, partners, plans
from crm import access, reference
from crm.database import transaction
from crm.errors import Fault, Invalid, Refused
from crm.languages import say
from crm.pages import frame
from crm.pages.forms import WIDEST
from crm.pages.frame import Asked

PAGE = "campaigns/goals.html"
Short = Annotated[str, msgspec.Meta(max_length=40)]


class GoalsForm(msgspec.Struct, forbid_unknown_fields=True):
    """One cell per brand and figure (aito.lead), each with its number as it was typed; empty is no goal."""

    version: int
    cell: list[Short] = []
    number: list[Short] = []


class CampaignGoals(Controller):
    """What brands aim at."""

    path = "/campaigns/{code:str}/goals"
    include_in_schema = False

    @get("/", guards=[access.permits("campaigns.see")])
    async def show(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            campaign = await campaign_of(request, code)
            return frame.page(request, PAGE, **await _context(request, campaign))

    @post("/", guards=[access.permits("campaigns.work")])
    async def save(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        async with transaction():
            campaign = await campaign_of(request, code)
            before = await _context(request, campaign)
            try:
                sent = await frame.form(request, GoalsForm)
                wanted = await _wanted(sent)
                kept = await _of_hidden(campaign.id, {brand.id for brand in before["shown"]})
                at = datetime.now(UTC)
                await goals.put(campaign.id, kept | wanted, version=sent.version, actor=actor.actor, at=at)
            except plans.PlanIsNewer as newer:
                request.state.given["version"] = before["plan"].version
                return frame.page(request, PAGE, status=newer.status, **before | {"conflict": frame.sentence(newer)})
            except Refused as wrong:
                return frame.invalid(request, PAGE, wrong, **before)
        return frame.back(request, f"{campaign.address}/goals", told=say("The goals are saved."))


async def _context(request: Asked, campaign: CampaignHead) -> dict[str, Any]:
    scope = frame.scope_of(request)
    taking_part = {one.brand for one in await partners.of_campaign(campaign.id)}
    counted = await figures.figures(campaign.id, scope)
    return {
        "campaign": campaign,
        "part": "goals",
        "plan": await plans.find(campaign.id),
        "shown": [
            brand for brand in request.state.brands if brand.id in taking_part and scope.brand in (None, brand.id)
        ],
        "goals": await goals.of_campaign(campaign.id),
        "reach": counted.brands,
        "figures": GOALS,
        "conflict": None,
    }


async def _wanted(sent: GoalsForm) -> goals.Goals:
    brands = (await reference.load()).brands
    if len(sent.cell) != len(sent.number):
        raise Invalid(errors=[Fault(path="goals", message=say("Please choose one of the list."))])
    wanted: goals.Goals = {}
    faults = []
    for cell, typed in zip(sent.cell, sent.number, strict=True):
        code, _, figure = cell.partition(".")
        if code not in brands or figure not in Figure.__members__ or Figure[figure] not in GOALS:
            faults.append(Fault(path="goals", message=say("Please choose one of the list.")))
        elif number := _number(typed):
            wanted.setdefault(brands[code].id, {})[Figure[figure]] = number
        elif typed not in ("", "0"):
            faults.append(Fault(path=cell, message=say("Please write a whole number.")))
    if faults:
        raise Invalid(errors=faults)
    return wanted


async def _of_hidden(campaign: int, shown: set[int]) -> goals.Goals:
    """What stands for brands that the page was narrowed away from: it stays."""
    return {brand: aims for brand, aims in (await goals.of_campaign(campaign)).items() if brand not in shown}


def _number(typed: str) -> int | None:
    plain = typed.replace(",", "").replace(" ", "")
    return int(plain) if plain.isascii() and plain.isdigit() and int(plain) <= WIDEST else None


CONTROLLERS = (CampaignGoals,)
