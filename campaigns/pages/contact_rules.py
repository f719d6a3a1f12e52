"""The rules for writing to people, for whoever sets up the house, and the outbox of what stayed here because no gateway is set up.

Promises that a change of the rules counts from the next decision on. Addresses in the outbox are masked.
"""

from datetime import UTC, datetime, time
from typing import Annotated

import msgspec
from litestar import Controller, Response, get, post
from litestar.response import Template

from campaigns.invitations import rules
from campaigns.invitations.rules import Rules
from campaigns.pages.invitation_ways import Me
from campaigns.senders import sink
from crm import access, masks
from crm.database import transaction
from crm.errors import Fault, Invalid
from crm.languages import later, say
from crm.pages import frame
from crm.pages.frame import Asked
from crm.settings import settings

PAGE = "campaigns/contact_rules.html"
NO_CLOCK = later("Write a time like 08:00.")
Signature = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]


class Form(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The rules as their form says them."""

    budget: Annotated[int, msgspec.Meta(ge=0, le=100)]
    days: Annotated[int, msgspec.Meta(ge=1, le=366)]
    opens: str
    closes: str
    zone: Annotated[str, msgspec.Meta(max_length=40)]
    spares_owners: bool = False
    segments: Annotated[int, msgspec.Meta(ge=1, le=10)]
    signature_zh: Signature
    signature_en: Signature
    version: int

    def rules(self) -> Rules:
        """The rules that were written down; refuses what is no time of day."""
        clocks = {name: _clock(getattr(self, name), name) for name in ("opens", "closes")}
        return Rules(**msgspec.structs.asdict(self) | clocks)


class ContactRules(Controller):
    path = "/contact-rules"
    guards = [access.permits("settings")]
    include_in_schema = False

    @get("/")
    async def show(self, request: Asked) -> Template:
        async with transaction():
            house = await rules.load()
        return frame.page(request, PAGE, rules=house, gateways=_gateways())

    @post("/")
    async def change(self, request: Asked, actor: Me) -> Template | Response[None]:
        async with transaction():
            try:
                changed = (await frame.form(request, Form)).rules()
                await rules.change(changed, actor=actor.actor, at=datetime.now(UTC))
            except (Invalid, rules.RulesAreNewer) as wrong:
                return frame.invalid(request, PAGE, wrong, rules=await rules.load(), gateways=_gateways())
        return frame.back(request, "/contact-rules", told=say("The rules are saved; they count from now on."))


class Outbox(Controller):
    path = "/outbox"
    guards = [access.permits("settings")]
    include_in_schema = False

    @get("/")
    async def show(self, request: Asked) -> Template:
        async with transaction():
            samples = await sink.newest()
        rows = [{"sample": one, "to": _masked(one)} for one in samples]
        return frame.page(request, "campaigns/outbox.html", rows=rows, gateways=_gateways())


def _masked(sample: sink.Sample) -> str:
    to = sample.letter.to
    return masks.email(to) or "" if sample.letter.channel == "email" else masks.number(to)


def _gateways() -> dict[str, bool]:
    return {"email": settings().smtp_url is not None, "sms": settings().sms_url is not None}


def _clock(typed: str, field: str) -> time:
    try:
        return time.fromisoformat(typed).replace(tzinfo=None, second=0, microsecond=0)
    except ValueError:
        raise Invalid(errors=[Fault(path=field, message=say(NO_CLOCK))]) from None


CONTROLLERS = (ContactRules, Outbox)
