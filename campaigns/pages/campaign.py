"""One campaign: how far it came, what needs attention, its checklist, and the steps of its life.

Promises figures of this very moment, and to a brand's people their own exactly and of the others nothing small. Steps carry a reason where
they break with the plan.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from campaigns import channels, figures
from campaigns.heads import CampaignHead
from campaigns.pages.ways import Me, Why, campaign_of, part
from campaigns.planning import arrangements, calendar, checklist, goals, partners, plans, stages
from campaigns.planning.shares import written
from crm import access, audit
from crm.database import transaction
from crm.errors import Refused
from crm.languages import say
from crm.network import LOCAL
from crm.pages import frame
from crm.pages.frame import Asked
from crm.roles import Scope

SEES, WORKS = access.permits("campaigns.see"), access.permits("campaigns.work")
HISTORY = 8  # entries that are shown
WIDEST = timedelta(days=400)  # clashes are looked for on so many days


class Campaign(Controller):
    """What everybody sees of one."""

    path = "/campaigns/{code:str}"
    guards = [SEES]
    include_in_schema = False

    @get("/")
    async def show(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            campaign = await campaign_of(request, code)
            return await _overview(request, campaign)

    @get("/checklist")
    async def check(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            campaign = await campaign_of(request, code)
            found = await checklist.lines(campaign.id, at=datetime.now(UTC))
        return part(
            request, "campaigns/checklist.html", campaign, "checklist", lines=found, held=len(checklist.blockers(found))
        )


class CampaignSteps(Controller):
    """The steps of its life, by hand."""

    path = "/campaigns/{code:str}"
    guards = [WORKS]
    include_in_schema = False

    @post("/scheduling")
    async def schedule(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        async with transaction():
            campaign = await campaign_of(request, code)
            try:
                await stages.schedule(campaign.id, actor=actor.actor, at=datetime.now(UTC))
            except stages.NotReady as held:
                found = await checklist.lines(campaign.id, at=datetime.now(UTC))
                context = {"campaign": campaign, "part": "checklist", "lines": found, "held": held.facts["count"]}
                return frame.invalid(request, "campaigns/checklist.html", held, **context)
        told = say("It is scheduled and begins by itself on its first day.")
        return frame.back(request, campaign.address, told=told, undo=f"{campaign.address}/drafting")

    @post("/drafting")
    async def draft(self, request: Asked, code: FromPath[str], actor: Me) -> Response[None]:
        async with transaction():
            campaign = await campaign_of(request, code)
            await stages.unschedule(campaign.id, actor=actor.actor, at=datetime.now(UTC))
        return frame.back(request, campaign.address, told=say("It is a draft again."))

    @post("/beginning")
    async def begin(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        return await _step(request, code, actor.actor, stages.go_live, say("It is live from now on."))

    @post("/closing")
    async def close(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        return await _step(request, code, actor.actor, stages.close, say("It is closed. Its links say so from now on."))

    @post("/reopening")
    async def reopen(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        told = say("It is a draft again. Look at its days, then schedule it.")
        return await _step(request, code, actor.actor, stages.reopen, told)


async def _step(
    request: Asked, code: str, actor: str, step: Callable[..., Awaitable[None]], told: str
) -> Template | Response[None]:
    async with transaction():
        campaign = await campaign_of(request, code)
        try:
            why = await frame.form(request, Why)
            await step(campaign.id, reason=why.reason, actor=actor, at=datetime.now(UTC))
        except Refused as wrong:
            return await _overview(request, campaign, wrong)
    return frame.back(request, campaign.address, told=told)


async def _overview(request: Asked, campaign: CampaignHead, wrong: Refused | None = None) -> Template:
    at, scope = datetime.now(UTC), frame.scope_of(request)
    standing = await partners.of_campaign(campaign.id)
    counted = await figures.figures(campaign.id, scope)
    brands = figures.shown(request.state.brands, {one.brand for one in standing}, counted, scope)
    reach = {brand.id: counted.brands.get(brand.id) or dict.fromkeys(figures.GOALS, 0) for brand in brands}
    context: dict[str, Any] = {
        "campaign": campaign,
        "part": "overview",
        "at": at,
        "plan": await plans.find(campaign.id),
        "figures": counted,
        "shown": brands,
        "reach": reach,
        "funnel": figures.steps(reach.get(scope.brand or 0, counted.total)),
        "steps_of": figures.steps,
        "goals": await goals.of_campaign(campaign.id),
        "partners": standing,
        "arrangement": next(iter(await arrangements.versions(campaign.id)), None),
        "channels": await channels.of_campaign(campaign.id),
        "came": counted.channels,
        "nobody": figures.Came(),
        "small": figures.SMALL,
        "lines": await checklist.lines(campaign.id, at=at),
        "clashes": await clashes_of(campaign, scope),
        "entries": await _history(campaign.id, scope),
        "figure": figures.Figure,
        "written": written,
        "sum": partners.total(standing),
    }
    if wrong:
        return frame.invalid(request, "campaigns/campaign.html", wrong, **context)
    return frame.page(request, "campaigns/campaign.html", **context)


async def clashes_of(campaign: CampaignHead, scope: Scope) -> list[calendar.Clash]:
    """What gets into this campaign's way; nothing once it is over."""
    if campaign.starts_on is None or campaign.ends_on is None or campaign.status == "closed":
        return []
    until = min(campaign.ends_on, campaign.starts_on + WIDEST)
    return await calendar.clashes(scope, since=campaign.starts_on, until=until, campaign=campaign.id)


async def _history(campaign: int, scope: Scope) -> list[audit.Entry]:
    if not scope.actor.may("campaigns.work"):
        return []
    wanted = audit.Filter(kind="campaign", subject=str(campaign))
    return (await audit.newest(wanted, zone=LOCAL, limit=HISTORY))[:HISTORY]


CONTROLLERS = (Campaign, CampaignSteps)
