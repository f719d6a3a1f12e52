"""Audiences for people: the list, one with its filter as a form, how many it reaches and who is left out and why.

Promises that an audience is counted each time anew, by the decision that sending makes. Places are typed by their names.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from campaigns import audiences
from campaigns.audiences import Filter, Known, counting
from campaigns.heads import CampaignHead
from campaigns.invitations import rules
from campaigns.invitations.deciding import Asked as AskedOf
from campaigns.pages.invitation_ways import ALLIANCE, Me, Name, campaign_of, refuse_to_change, sender_of, senders
from campaigns.pages.invitations import here
from crm import access, reference, regions
from crm.database import current, transaction
from crm.errors import Fault, Invalid, Refused
from crm.languages import later, say
from crm.pages import frame
from crm.pages.frame import Asked
from crm.roles import Scope, numbered

SEES, WORKS = access.permits("invitations.see"), access.permits("invitations.work")
PAGE = "campaigns/audience.html"
UNKNOWN_PLACE = later("Nobody knows the place %(name)s.")
NUMBERS = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class Form(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An audience as its form says it; `regions` are names with commas between them, `version` is 0 for a new one."""

    name: Name
    sender: str = ALLIANCE
    version: int = 0
    brands: list[NUMBERS] = []
    models: list[NUMBERS] = []
    regions: Annotated[str, msgspec.Meta(max_length=400)] = ""
    stage_from: audiences.Stage | None = None
    stage_to: audiences.Stage | None = None
    campaigns: list[NUMBERS] = []
    events: list[NUMBERS] = []
    attended: Literal["yes", "no"] | None = None
    owns: list[NUMBERS] = []
    consented: Literal["email", "sms"] | None = None
    quiet_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None

    def filter(self) -> Filter:
        """The filter that was chosen; refuses places that nobody knows."""
        names = ("brands", "models", "stage_from", "stage_to", "campaigns", "events", "owns", "consented", "quiet_days")
        attended = None if self.attended is None else self.attended == "yes"
        return Filter(**{name: getattr(self, name) for name in names}, attended=attended, regions=_codes(self.regions))


class Audiences(Controller):
    path = "/campaigns/{code:str}/invitations/audiences"
    include_in_schema = False

    @get("/", guards=[SEES])
    async def list_them(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            head, scope = await campaign_of(request, code)
            known = await audiences.every(scope)
        return frame.page(request, "campaigns/audiences.html", **here(head, "audiences"), audiences=known)

    @get("/{audience:int}", guards=[SEES])
    async def show(
        self,
        request: Asked,
        code: FromPath[str],
        audience: FromPath[int],
        channel: FromQuery[Literal["email", "sms"]] = "email",
        sender: FromQuery[str] = "",
    ) -> Template:
        async with transaction():
            head, scope = await campaign_of(request, code)
            known = await audiences.find(audience, scope)
            context = await _context(head, scope, known)
            context |= await _counted(known, scope, channel=channel, sender=sender, campaign=head.id)
        return frame.page(request, PAGE, **context)

    @get("/new", guards=[WORKS])
    async def ask(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            head, scope = await campaign_of(request, code)
            return frame.page(request, PAGE, **await _context(head, scope, None))

    @post("/", guards=[WORKS])
    async def create(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        async with transaction():
            head, scope = await campaign_of(request, code)
            try:
                sent = await frame.form(request, Form)
                brand = await sender_of(sent.sender)
                refuse_to_change(brand, scope)
                made = await audiences.create(sent.name, sent.filter(), brand=brand, actor=actor, at=datetime.now(UTC))
            except Invalid as wrong:
                return await _again(request, head, scope, None, wrong)
        return frame.back(request, f"{_address(head)}/{made}", told=say("The audience is saved."))

    @post("/{audience:int}", guards=[WORKS])
    async def change(
        self, request: Asked, code: FromPath[str], audience: FromPath[int], actor: Me
    ) -> Template | Response[None]:
        async with transaction():
            head, scope = await campaign_of(request, code)
            known = await audiences.find(audience, scope)
            refuse_to_change(known.brand, scope)
            try:
                sent = await frame.form(request, Form)
                facts = {"version": sent.version, "actor": actor, "at": datetime.now(UTC)}
                await audiences.change(known, sent.name, sent.filter(), **facts)  # type: ignore[arg-type]
            except (Invalid, audiences.AudienceIsNewer) as wrong:
                return await _again(request, head, scope, known, wrong)
        return frame.back(request, f"{_address(head)}/{audience}", told=say("The audience is saved."))

    @post("/{audience:int}/closing", guards=[WORKS])
    async def close(self, request: Asked, code: FromPath[str], audience: FromPath[int], actor: Me) -> Response[None]:
        async with transaction():
            head, scope = await campaign_of(request, code)
            known = await audiences.find(audience, scope)
            refuse_to_change(known.brand, scope)
            await audiences.close(known, actor=actor, at=datetime.now(UTC))
        undo = f"{_address(head)}/{audience}/reopening"
        return frame.back(request, _address(head), told=say("The audience is off the list."), undo=undo)

    @post("/{audience:int}/reopening", guards=[WORKS])
    async def reopen(self, request: Asked, code: FromPath[str], audience: FromPath[int]) -> Response[None]:
        async with transaction():
            head, scope = await campaign_of(request, code)
            await audiences.reopen(audience, scope=scope, at=datetime.now(UTC))
        return frame.back(request, f"{_address(head)}/{audience}", told=say("The audience is back."))


async def _again(request: Asked, head: CampaignHead, scope: Scope, known: Known | None, wrong: Refused) -> Template:
    return frame.invalid(request, PAGE, wrong, **await _context(head, scope, known))


async def _context(head: CampaignHead, scope: Scope, known: Known | None) -> dict[str, Any]:
    reference_ = await reference.load()
    brands = [one for one in reference_.brands.values() if scope.brand in (None, one.id)]
    text, values = numbered(_CAMPAIGNS, [scope.of_campaigns("campaign")])
    campaigns = await current().fetch(text, *values)
    text, values = numbered(_EVENTS, [scope.of_campaigns("campaign")])
    return {
        **here(head, "audiences"),
        "audience": known,
        "filter": known.filter if known else Filter(),
        "places": _names(known.filter.regions) if known else "",
        "senders": await senders(scope),
        "of_brands": brands,
        "models": [one for one in reference_.models.values() if any(one.brand == brand.id for brand in brands)],
        "campaigns": campaigns,
        "events": await current().fetch(text, *values),
        "may_work": audiences.may_change(known.brand if known else scope.actor.brand, scope),
        "forecast": None,
    }


async def _counted(known: Known, scope: Scope, *, channel: str, sender: str, campaign: int) -> dict[str, Any]:
    """What a message to it would come to now: in the name of its brand, or of one that was asked for."""
    options = await senders(scope, campaign=campaign)
    chosen = next((one for one in options if one.code == sender), None)
    brand = chosen.id if chosen else known.brand
    partners = tuple(one.id for one in options)
    asked = AskedOf(kind="brand" if brand else "joint", channel=channel, brand=brand, partners=partners)
    opening = (await rules.load()).next_opening(datetime.now(UTC))
    forecast = await counting.forecast(known.filter, asked, scope, at=opening)
    return {
        "forecast": forecast,
        "asked": {"channel": channel, "sender": chosen.code if chosen else ""},
        "speakers": options,
    }


def _codes(typed: str) -> list[str]:
    codes, faults = [], []
    for name in filter(None, re.split(r"[,，、;；\s]+", typed)):
        found = next(
            (one.code for one in regions.table().values() if name in (one.name, one.name[:-1], one.code)), None
        )
        if found:
            codes.append(found)
        else:
            faults.append(Fault(path="regions", message=say(UNKNOWN_PLACE) % {"name": name[:40]}))
    if faults:
        raise Invalid(errors=faults[:1])
    return codes


def _names(codes: list[str]) -> str:
    return "、".join(regions.table()[code].name for code in codes if code in regions.table())


def _address(head: CampaignHead) -> str:
    return f"{head.address}/invitations/audiences"


_CAMPAIGNS = "select id, name from campaign where {} order by starts_on desc nulls last, id desc limit 30"
_EVENTS = """
select event.id, event.name, campaign.name as campaign_name from event join campaign on campaign.id = event.campaign
where {} order by event.starts_on desc nulls last, event.id desc limit 30
"""
CONTROLLERS = (Audiences,)
