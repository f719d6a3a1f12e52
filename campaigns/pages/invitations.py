"""Invitations of a campaign for people: the list of mailings, one from its first step to its last message, and who did not get it and why.

Promises that a brand's own people see their brand's mailings and the alliance's, the latter by what spoke for their brand. Nothing is sent by what
is only read here; what is done to mailings is in `mailing_work`.
"""

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from campaigns import audiences
from campaigns.audiences import counting
from campaigns.heads import CampaignHead
from campaigns.invitations import mailings, reserving, rules, showing, telling, wordings
from campaigns.invitations.mailings import Known
from campaigns.pages.invitation_ways import campaign_of, senders
from crm import access
from crm.database import current, transaction
from crm.pages import frame
from crm.pages.frame import Asked
from crm.people import portraits
from crm.roles import Scope

Step = Literal["setup", "message", "preview", "send"]
PAGE, DRAFT, LIST = "campaigns/mailing.html", "campaigns/mailing_draft.html", "campaigns/invitations.html"


class Invitations(Controller):
    """The mailings of a campaign."""

    path = "/campaigns/{code:str}/invitations"
    guards = [access.permits("invitations.see")]
    include_in_schema = False

    @get("/")
    async def list_them(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            head, scope = await campaign_of(request, code)
            known = await mailings.of_campaign(head.id, scope)
            counts = await mailings.counts_of(known, scope, at=datetime.now(UTC))
            rows = [{"mailing": one, "came": telling.of(counts[one.id], scope)} for one in known]
            house = await rules.load()
        return frame.page(request, LIST, **here(head, "mailings"), rows=rows, rules=house)

    @get("/{mailing:uuid}")
    async def show(
        self,
        request: Asked,
        code: FromPath[str],
        mailing: FromPath[UUID],
        step: FromQuery[Step | None] = None,
        reason: FromQuery[str | None] = None,
    ) -> Template:
        async with transaction():
            head, scope = await campaign_of(request, code)
            known = await mailings.find(mailing, head.id, scope)
            if known.state == "draft":
                at = step or ("message" if known.template is None else "preview")
                context = await draft_context(known, head, scope, step=at)
                return frame.page(request, DRAFT, **context)
            context = await _progress(known, scope, reason=reason)
        # While it runs, the page asks for this part alone every second.
        name = "campaigns/_mailing.html" if frame.wants_fragment(request) else PAGE
        return frame.page(
            request, name, **here(head, "mailings"), **context, may_work=audiences.may_change(known.brand, scope)
        )


def here(head: CampaignHead, tab: str) -> dict[str, Any]:
    """What stands above every page about invitations."""
    return {"campaign": head, "part": "invitations", "tab": tab}


async def draft_context(mailing: Known | None, head: CampaignHead, scope: Scope, *, step: Step) -> dict[str, Any]:
    """What a step of a draft needs; without a mailing it is the first step of a new one."""
    context: dict[str, Any] = {**here(head, "mailings"), "mailing": mailing, "step": step}
    context["may_work"] = audiences.may_change(mailing.brand if mailing else scope.actor.brand, scope)
    if step == "setup":
        context["senders"] = await senders(scope, campaign=head.id)
        context["audiences"] = await audiences.every(scope)
    elif mailing and step == "message":
        context["templates"] = [one for one in await wordings.every(scope) if _fits(one, mailing)]
        context["events"] = await current().fetch(
            "select id, name from event where campaign = $1 order by starts_on, id limit 200", head.id
        )
        context["ways"] = await current().fetch(_WAYS, head.id)
    elif mailing:
        context |= await _preview(mailing, scope) if step == "preview" else {}
        context["wording"] = await wordings.find(mailing.template, scope) if mailing.template else None
    return context


async def _preview(mailing: Known, scope: Scope) -> dict[str, Any]:
    """What it would come to now, and how it would read."""
    at, house = datetime.now(UTC), await rules.load()
    audience = await audiences.find(mailing.audience, scope)
    asked = (await reserving.speaking(mailing.id)).asking(mailing.kind, mailing.channel)
    if scope.brand is not None:
        # What the alliance would say for other brands is not for this one's people to count.
        asked = msgspec.structs.replace(asked, partners=(scope.brand,))
    # Quiet hours pass: what matters here is who would get it when they are over.
    forecast = await counting.forecast(audience.filter, asked, scope, at=house.next_opening(at))
    shown = await showing.of_mailing(mailing, scope) if mailing.template else []
    return {"forecast": forecast, "shown": shown, "rules": house}


async def _progress(mailing: Known, scope: Scope, *, reason: str | None) -> dict[str, Any]:
    counts = await mailings.counts(mailing, scope, at=datetime.now(UTC))
    may_see = scope.sees_all_brands and scope.brand is None
    people = await mailings.people(mailing, reason=reason) if reason and may_see else []
    sketches = await portraits.of_many({row["person"] for row in people}, scope) if people else {}
    return {
        "mailing": mailing,
        "came": telling.of(counts, scope),
        "reason": reason,
        "people": [dict(row) | {"detail": msgspec.json.decode(row["detail"] or "null")} for row in people],
        "sketches": sketches,
        "sees_people": may_see,
    }


def _fits(template: wordings.Known, mailing: Known) -> bool:
    return template.channel == mailing.channel and template.brand in (None, mailing.brand)


_WAYS = "select id, name, medium from channel where campaign = $1 and closed_at is null order by name limit 200"
CONTROLLERS = (Invitations,)
