"""What staff do to mailings: begin one, choose audience and message, send it now or later, pause it, take it up again, end it.

Promises that each step can be gone back to until it is sent, and that what was typed is there again after a fault. Refuses, in a sentence, a brand's
own people what is the alliance's.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from campaigns.audiences import counting
from campaigns.heads import CampaignHead
from campaigns.invitations import mailings
from campaigns.invitations.mailings import Plan
from campaigns.pages.invitation_ways import Me, Name, campaign_of, mailing_of, sender_of
from campaigns.pages.invitations import DRAFT, draft_context
from crm import access
from crm.database import transaction
from crm.errors import Invalid
from crm.languages import say
from crm.pages import forms, frame
from crm.pages.frame import Asked


class Setup(msgspec.Struct, forbid_unknown_fields=True):
    """The first step: to whom, in whose name, by which channel. `round` 1 invites, a later one reminds those of an earlier one too."""

    name: Name
    sender: str
    channel: Literal["email", "sms"]
    audience: int
    language: Literal["zh-Hans", "en"] = "zh-Hans"
    round: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1

    async def plan(self) -> Plan:
        """What was chosen, by our ids."""
        facts = msgspec.structs.asdict(self)
        return Plan(brand=await sender_of(facts.pop("sender")), **facts)


class Chosen(msgspec.Struct, forbid_unknown_fields=True):
    """The second step: which words, and where their link leads."""

    template: int
    event: int | None = None
    way: int | None = None


class Moment(msgspec.Struct, forbid_unknown_fields=True):
    """The last step: when; now, when nothing is said."""

    moment: str | None = None


class NewMailings(Controller):
    path = "/campaigns/{code:str}/invitations"
    guards = [access.permits("invitations.work")]
    include_in_schema = False

    @get("/new")
    async def ask(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            head, scope = await campaign_of(request, code)
            return frame.page(request, DRAFT, **await draft_context(None, head, scope, step="setup"))

    @post("/new")
    async def begin(self, request: Asked, code: FromPath[str]) -> Template | Response[None]:
        at = datetime.now(UTC)
        async with transaction():
            head, scope = await campaign_of(request, code)
            try:
                plan = await (await frame.form(request, Setup)).plan()
                mailing = await mailings.draft(plan, campaign=head.id, scope=scope, at=at)
            except Invalid as wrong:
                return frame.invalid(request, DRAFT, wrong, **await draft_context(None, head, scope, step="setup"))
        return frame.back(request, f"{_address(head)}/{mailing}?step=message")


class MailingWork(Controller):
    path = "/campaigns/{code:str}/invitations/{mailing:uuid}"
    guards = [access.permits("invitations.work")]
    include_in_schema = False

    @post("/setup")
    async def set_up(self, request: Asked, code: FromPath[str], mailing: FromPath[UUID]) -> Template | Response[None]:
        async with transaction():
            head, known, scope = await mailing_of(request, code, mailing)
            try:
                plan = await (await frame.form(request, Setup)).plan()
                await mailings.redraft(known, plan, scope=scope, at=datetime.now(UTC))
            except Invalid as wrong:
                return frame.invalid(request, DRAFT, wrong, **await draft_context(known, head, scope, step="setup"))
        return frame.back(request, f"{_address(head)}/{mailing}?step=message")

    @post("/message")
    async def word(self, request: Asked, code: FromPath[str], mailing: FromPath[UUID]) -> Template | Response[None]:
        async with transaction():
            head, known, scope = await mailing_of(request, code, mailing)
            try:
                chosen = await frame.form(request, Chosen)
                facts = msgspec.structs.asdict(chosen)
                await mailings.word(known, **facts, scope=scope, at=datetime.now(UTC))
            except Invalid as wrong:
                return frame.invalid(request, DRAFT, wrong, **await draft_context(known, head, scope, step="message"))
        return frame.back(request, f"{_address(head)}/{mailing}?step=preview")

    @post("/sending")
    async def send(
        self, request: Asked, code: FromPath[str], mailing: FromPath[UUID], actor: Me
    ) -> Template | Response[None]:
        at = datetime.now(UTC)
        async with transaction():
            head, known, scope = await mailing_of(request, code, mailing)
            try:
                moment = (await frame.form(request, Moment)).moment
                due_at = forms.moment(moment, zone=actor.time_zone, field="moment")
                await mailings.plan(known, due_at=due_at, scope=scope, at=at)
            except (Invalid, mailings.NotWhole, mailings.NotApproved) as wrong:
                return frame.invalid(request, DRAFT, wrong, **await draft_context(known, head, scope, step="send"))
        told = (
            say("The mailing starts at the time you chose.")
            if due_at and due_at > at
            else say("The mailing starts now.")
        )
        return frame.back(request, f"{_address(head)}/{mailing}", told=told)

    @post("/pausing")
    async def pause(self, request: Asked, code: FromPath[str], mailing: FromPath[UUID], actor: Me) -> Response[None]:
        async with transaction():
            head, known, _ = await mailing_of(request, code, mailing)
            await mailings.pause(known, actor=actor, at=datetime.now(UTC))
        address = f"{_address(head)}/{mailing}"
        return frame.back(request, address, told=say("Paused: nothing more is sent."), undo=f"{address}/resumption")

    @post("/resumption")
    async def resume(self, request: Asked, code: FromPath[str], mailing: FromPath[UUID], actor: Me) -> Response[None]:
        async with transaction():
            head, known, _ = await mailing_of(request, code, mailing)
            await mailings.resume(known, actor=actor, at=datetime.now(UTC))
        return frame.back(request, f"{_address(head)}/{mailing}", told=say("The mailing goes on."))

    @post("/retrying")
    async def retry(self, request: Asked, code: FromPath[str], mailing: FromPath[UUID], actor: Me) -> Response[None]:
        async with transaction():
            head, known, scope = await mailing_of(request, code, mailing)
            again = await mailings.retry(known, actor=actor, at=datetime.now(UTC))
        told = say("%(count)s messages are queued again.") % {"count": counting.few(again, scope)}
        return frame.back(request, f"{_address(head)}/{mailing}", told=told)

    @post("/cancelling")
    async def cancel(self, request: Asked, code: FromPath[str], mailing: FromPath[UUID], actor: Me) -> Response[None]:
        async with transaction():
            head, known, _ = await mailing_of(request, code, mailing)
            await mailings.cancel(known, actor=actor, at=datetime.now(UTC))
        return frame.back(request, _address(head), told=say("Cancelled: nothing more of it is sent."))


def _address(head: CampaignHead) -> str:
    return f"{head.address}/invitations"


CONTROLLERS = (NewMailings, MailingWork)
