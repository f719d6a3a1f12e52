"""Changing a campaign: its plan, and its partners with their shares.

Promises that what was typed is there again after a fault, and that who saves over somebody else's changes is shown both.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from campaigns.heads import CampaignHead
from campaigns.pages.plan_form import ChangedPlan, cities, typed, zones
from campaigns.pages.ways import Me, campaign_of
from campaigns.planning import partners, plans
from campaigns.planning.partners import Partnership, Role
from campaigns.planning.plans import Plan
from campaigns.planning.shares import read_share, written
from crm import access, reference
from crm.database import transaction
from crm.errors import Fault, Invalid, Refused
from crm.languages import say
from crm.pages import frame
from crm.pages.frame import Asked

PAGE = "campaigns/plan.html"
ROLES: dict[str, Role] = {"host": "host", "partner": "partner"}
Short = Annotated[str, msgspec.Meta(max_length=40)]


class PartnersForm(msgspec.Struct, forbid_unknown_fields=True):
    """All brands in one order, each with its role (none: takes no part) and its share as it was typed."""

    version: int
    brand: list[Short] = []
    role: list[Short] = []
    share: list[Short] = []


class CampaignPlan(Controller):
    """Its plan and its partners."""

    path = "/campaigns/{code:str}"
    guards = [access.permits("campaigns.work")]
    include_in_schema = False

    @get("/edit")
    async def show(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            campaign = await campaign_of(request, code)
            return frame.page(request, PAGE, **await _context(campaign))

    @post("/edit")
    async def save(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        async with transaction():
            campaign = await campaign_of(request, code)
            before = await _context(campaign)
            try:
                sent = await frame.form(request, ChangedPlan)
                await _save(campaign, sent, actor.actor)
            except plans.PlanIsNewer as newer:
                return _both(request, sent.plan(), before, newer)
            except Refused as wrong:
                return frame.invalid(request, PAGE, wrong, **before)
        told = say("This campaign is yours now.") if campaign.status == "found" else say("The plan is saved.")
        return frame.back(request, f"{campaign.address}/edit", told=told)

    @post("/partners")
    async def put_partners(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        async with transaction():
            campaign = await campaign_of(request, code)
            before = await _context(campaign)
            try:
                sent = await frame.form(request, PartnersForm)
                wanted = await _wanted(sent)
                at = datetime.now(UTC)
                await partners.put(campaign.id, wanted, version=sent.version, actor=actor.actor, at=at)
            except plans.PlanIsNewer as newer:
                request.state.given["version"] = before["plan"].version
                context = before | {"conflict_of_partners": frame.sentence(newer)}
                return frame.page(request, PAGE, status=newer.status, **context)
            except Refused as wrong:
                return frame.invalid(request, PAGE, wrong, **before)
        told = say("Partners and shares are saved. Who is asked again finds it on the campaign’s page.")
        return frame.back(request, f"{campaign.address}/edit#partners", told=told)


async def _context(campaign: CampaignHead) -> dict[str, Any]:
    plan = await plans.find(campaign.id)
    standing = {one.brand: one for one in await partners.of_campaign(campaign.id)}
    return {
        "campaign": campaign,
        "part": "overview",
        "plan": plan,
        "typed": typed(plan.plan),
        "cities": cities(),
        "zones": zones(plan.plan.time_zone),
        "standing": standing,
        "written": written,
        "sum": partners.total(list(standing.values())),
        "mine": None,
        "conflict": None,
        "conflict_of_partners": None,
    }


async def _save(campaign: CampaignHead, sent: ChangedPlan, actor: str) -> None:
    verb = plans.claim if campaign.status == "found" else plans.change
    await verb(campaign.id, sent.plan(), version=sent.version, actor=actor, at=datetime.now(UTC))


def _both(request: Asked, mine: Plan, before: dict[str, Any], newer: Refused) -> Template:
    """Mine, still in the form, and theirs beside it; saving now is over theirs, knowingly."""
    request.state.given["version"] = before["plan"].version
    context = {"mine": plans.differences(before["plan"].plan, mine), "conflict": frame.sentence(newer)}
    return frame.page(request, PAGE, status=newer.status, **before | context)


async def _wanted(sent: PartnersForm) -> list[Partnership]:
    """The partners that were written down; refuses, at the brand's own field, a share that is none."""
    brands = (await reference.load()).brands
    if not len(sent.brand) == len(sent.role) == len(sent.share) or set(sent.brand) - set(brands):
        raise Invalid(errors=[Fault(path="brand", message=say("Please choose one of the list."))])
    wanted, faults = [], []
    for code, role, share in zip(sent.brand, sent.role, sent.share, strict=True):
        if role not in ROLES:
            continue
        read = read_share(share) if share else None
        if share and read is None:
            faults.append(Fault(path=f"share-{code}", message="Please write a share like 34%, 33.5% or 1/3."))
        wanted.append(Partnership(brands[code].id, ROLES[role], read))
    if faults:
        raise Invalid(errors=faults)
    return wanted


CONTROLLERS = (CampaignPlan,)
