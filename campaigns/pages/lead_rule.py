"""What a campaign's guests become: the rule in words, and the form that changes it.

Promises that who saves over somebody else's change sees both first. A changed rule makes new leads of guests who are none yet; it takes none back.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from campaigns import heads, lead_rules
from campaigns.heads import CampaignHead
from campaigns.lead_rules import FanOut, LeadRule, Once, RuleMoved, When
from crm import access
from crm.database import transaction
from crm.errors import Invalid, Refused
from crm.languages import say
from crm.pages import frame
from crm.pages.frame import Asked
from crm.roles import Actor, Scope

PAGE = "campaigns/lead_rule.html"


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """The form: no brand ticked means all that a guest names."""

    version: int
    when: When
    fan_out: FanOut
    once: Once
    at_most: Annotated[int, msgspec.Meta(ge=1, le=20)] = lead_rules.USUAL.at_most
    brands: list[str] = []


class LeadRules(Controller):
    """The rule: read by whoever sees the campaign, changed by whoever plans."""

    path = "/campaigns/{code:str}/lead-rule"
    include_in_schema = False

    @get("/", guards=[access.permits("campaigns.see")])
    async def show(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            campaign = await heads.head(code, frame.scope_of(request))
            return frame.page(request, PAGE, **await _context(campaign, frame.scope_of(request)))

    @post("/", guards=[access.permits("campaigns.work")])
    async def change(
        self, request: Asked, code: FromPath[str], actor: NamedDependency[Actor]
    ) -> Template | Response[None]:
        async with transaction():
            campaign = await heads.head(code, frame.scope_of(request))
            try:
                sent = await frame.form(request, Rule)
                await lead_rules.choose(
                    campaign, _rule(sent, request), version=sent.version, actor=actor.actor, at=datetime.now(UTC)
                )
            except (Invalid, RuleMoved) as wrong:
                return await _again(request, campaign, wrong)
        return frame.back(
            request, f"{campaign.address}/lead-rule", told=say("Saved. Guests are looked at again by this rule.")
        )


def _rule(sent: Rule, request: Asked) -> LeadRule:
    known = [brand.code for brand in request.state.brands if brand.code in sent.brands]
    return LeadRule(when=sent.when, fan_out=sent.fan_out, once=sent.once, at_most=sent.at_most, brands=tuple(known))


async def _again(request: Asked, campaign: CampaignHead, wrong: Refused) -> Template:
    context = await _context(campaign, frame.scope_of(request))
    # Saving once more is saving over what is shown now.
    request.state.given = getattr(request.state, "given", {}) | {"version": context["followed"].version}
    return frame.invalid(request, PAGE, wrong, **context)


async def _context(campaign: CampaignHead, scope: Scope) -> dict[str, Any]:
    return {"campaign": campaign, "part": "lead-rule", "followed": await lead_rules.followed(campaign.id, scope)}


CONTROLLERS = (LeadRules,)
