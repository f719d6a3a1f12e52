"""The data-sharing arrangement of a campaign: its wording and versions, and what each brand says to it.

Promises that a brand's own people alone answer for it, and that they answer to what they were shown.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from campaigns.heads import CampaignHead
from campaigns.pages.ways import Me, Reason, campaign_of
from campaigns.planning import arrangements, partners, plans
from campaigns.planning.shares import written
from crm import access
from crm.database import transaction
from crm.errors import Refused
from crm.languages import say
from crm.pages import frame
from crm.pages.frame import Asked

PAGE = "campaigns/arrangement.html"
Wording = Annotated[str, msgspec.Meta(min_length=1, max_length=40_000)]


class NewWording(msgspec.Struct, forbid_unknown_fields=True):
    """The wording in both languages, and the version of the campaign that was opened."""

    version: int
    text_zh: Wording
    text_en: Wording


class Yes(msgspec.Struct, forbid_unknown_fields=True):
    """The terms that were shown."""

    terms: int


class No(msgspec.Struct, forbid_unknown_fields=True):
    """The terms that were shown, and why they are not accepted."""

    terms: int
    reason: Reason


class CampaignArrangement(Controller):
    """The wording, and what brands say to it."""

    path = "/campaigns/{code:str}"
    include_in_schema = False

    @get("/arrangement", guards=[access.permits("campaigns.see")])
    async def show(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            campaign = await campaign_of(request, code)
            return frame.page(request, PAGE, **await _context(campaign))

    @post("/arrangement", guards=[access.permits("campaigns.work")])
    async def publish(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        async with transaction():
            campaign = await campaign_of(request, code)
            before = await _context(campaign)
            try:
                sent = await frame.form(request, NewWording)
                await _publish(campaign.id, sent, actor.actor)
            except Refused as wrong:
                if isinstance(wrong, plans.PlanIsNewer):
                    # The wording in force is shown beside the form, so both are there.
                    request.state.given["version"] = before["plan"].version
                return frame.invalid(request, PAGE, wrong, **before)
        told = say("The arrangement is published. Every partner is asked to accept it.")
        return frame.back(request, f"{campaign.address}/arrangement", told=told)

    @post("/acceptance", guards=[access.permits("campaigns.join")])
    async def accept(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        async with transaction():
            campaign = await campaign_of(request, code)
            try:
                sent = await frame.form(request, Yes)
                await arrangements.accept(campaign.id, terms=sent.terms, actor=actor, at=datetime.now(UTC))
            except Refused as wrong:
                return frame.invalid(request, PAGE, wrong, **await _context(campaign))
        return frame.back(request, f"{campaign.address}/arrangement", told=say("Accepted for your brand."))

    @post("/declining", guards=[access.permits("campaigns.join")])
    async def decline(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        async with transaction():
            campaign = await campaign_of(request, code)
            try:
                sent = await frame.form(request, No)
                at = datetime.now(UTC)
                await arrangements.decline(campaign.id, terms=sent.terms, reason=sent.reason, actor=actor, at=at)
            except Refused as wrong:
                return frame.invalid(request, PAGE, wrong, **await _context(campaign))
        return frame.back(request, f"{campaign.address}/arrangement", told=say("Declined for your brand."))


async def _publish(campaign: int, sent: NewWording, actor: str) -> None:
    at = datetime.now(UTC)
    await arrangements.publish(campaign, zh=sent.text_zh, en=sent.text_en, version=sent.version, actor=actor, at=at)


async def _context(campaign: CampaignHead) -> dict[str, Any]:
    versions = await arrangements.versions(campaign.id)
    return {
        "campaign": campaign,
        "part": "arrangement",
        "plan": await plans.find(campaign.id),
        "partners": await partners.of_campaign(campaign.id),
        "arrangement": versions[0] if versions else None,
        "older": versions[1:],
        "written": written,
    }


CONTROLLERS = (CampaignArrangement,)
