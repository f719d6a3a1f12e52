"""Message templates for people: the list, one as a form in both languages with its preview, and the gateway's approval of SMS.

Promises that the HTML of a mail is shown in a page of its own which can load and run nothing.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, MediaType, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from campaigns import audiences
from campaigns.heads import CampaignHead
from campaigns.invitations import rules, showing, wordings, writing
from campaigns.invitations.wordings import Known, field_of
from campaigns.invitations.writing import LANGUAGES, Wording
from campaigns.pages.invitation_ways import ALLIANCE, Me, Name, campaign_of, refuse_to_change, sender_of, senders
from campaigns.pages.invitations import here
from campaigns.senders import send_one
from campaigns.senders.letters import Letter, Outcome
from crm import access
from crm.database import transaction
from crm.errors import Invalid, NotThere, Refused
from crm.ids import uuid7
from crm.languages import say
from crm.pages import frame
from crm.pages.frame import Asked
from crm.roles import Scope

SEES, WORKS = access.permits("invitations.see"), access.permits("invitations.work")
PAGE = "campaigns/message_template.html"
# The mail of a preview brings styles of its own and nothing else: no script, no picture, no way out of its frame.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
Text = Annotated[str, msgspec.Meta(max_length=10_000)]


class NoMailbox(Refused):
    sentence = "A test goes by mail, to the address that you sign in with; yours is none."


class NotTaken(Refused):
    status = 502
    sentence = "The mail server did not take the test; ask whoever set it up."


class Form(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A template as its form says it; `version` is 0 for a new one, whose channel and sender are chosen once."""

    name: Name
    sender: str = ALLIANCE
    channel: Literal["email", "sms"] = "email"
    version: int = 0
    subject_zh: Annotated[str, msgspec.Meta(max_length=200)] = ""
    text_zh: Text = ""
    html_zh: Annotated[str, msgspec.Meta(max_length=60_000)] = ""
    subject_en: Annotated[str, msgspec.Meta(max_length=200)] = ""
    text_en: Text = ""
    html_en: Annotated[str, msgspec.Meta(max_length=60_000)] = ""

    def texts(self) -> dict[str, Wording]:
        """The words by language."""
        return {
            language: Wording(
                **{part: getattr(self, f"{part}_{field_of(language)}") for part in ("subject", "text", "html")}
            )
            for language in LANGUAGES
        }


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """How far the gateway is with an SMS: its name for the words, or why it refused them."""

    approval: Literal["submitted", "approved", "refused", "draft"]
    reference: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    reason: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class Wordings(Controller):
    path = "/campaigns/{code:str}/invitations/templates"
    include_in_schema = False

    @get("/", guards=[SEES])
    async def list_them(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            head, scope = await campaign_of(request, code)
            known = await wordings.every(scope)
        return frame.page(request, "campaigns/message_templates.html", **here(head, "templates"), templates=known)

    @get("/{template:int}", guards=[SEES])
    async def show(self, request: Asked, code: FromPath[str], template: FromPath[int]) -> Template:
        async with transaction():
            head, scope = await campaign_of(request, code)
            known = await wordings.find(template, scope)
            return frame.page(request, PAGE, **await _context(head, scope, known, known.channel))

    @get("/{template:int}/preview", guards=[SEES])
    async def preview(
        self,
        request: Asked,
        code: FromPath[str],
        template: FromPath[int],
        language: FromQuery[Literal["zh-Hans", "en"]] = "zh-Hans",
    ) -> Response[str]:
        async with transaction():
            _, scope = await campaign_of(request, code)
            known = await wordings.find(template, scope)
            shown = showing.of_template(known.texts, known.channel, await rules.load())
        letter = next((one.letter for one in shown if one.language == language), shown[0].letter if shown else None)
        if letter is None:
            raise NotThere
        html = letter.html or str(writing.filled_html(writing.as_html(letter.text), {}))
        return Response(html, media_type=MediaType.HTML, headers={"content-security-policy": MAIL_POLICY})

    @get("/new", guards=[WORKS])
    async def ask(
        self, request: Asked, code: FromPath[str], channel: FromQuery[Literal["email", "sms"]] = "email"
    ) -> Template:
        async with transaction():
            head, scope = await campaign_of(request, code)
            return frame.page(request, PAGE, **await _context(head, scope, None, channel))

    @post("/", guards=[WORKS])
    async def create(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        async with transaction():
            head, scope = await campaign_of(request, code)
            try:
                sent = await frame.form(request, Form)
                brand = await sender_of(sent.sender)
                refuse_to_change(brand, scope)
                facts = {"brand": brand, "actor": actor, "at": datetime.now(UTC)}
                made = await wordings.create(sent.name, sent.channel, sent.texts(), **facts)  # type: ignore[arg-type]
            except Invalid as wrong:
                channel = "sms" if request.state.given.get("channel") == "sms" else "email"
                return frame.invalid(request, PAGE, wrong, **await _context(head, scope, None, channel))
        return frame.back(request, f"{_address(head)}/{made}", told=say("The template is saved."))

    @post("/{template:int}", guards=[WORKS])
    async def change(
        self, request: Asked, code: FromPath[str], template: FromPath[int], actor: Me
    ) -> Template | Response[None]:
        async with transaction():
            head, scope, known = await _to_change(request, code, template)
            try:
                sent = await frame.form(request, Form)
                facts = {"version": sent.version, "actor": actor, "at": datetime.now(UTC)}
                await wordings.change(known, sent.name, sent.texts(), **facts)  # type: ignore[arg-type]
            except (Invalid, wordings.TemplateIsNewer) as wrong:
                return frame.invalid(request, PAGE, wrong, **await _context(head, scope, known, known.channel))
        return frame.back(request, f"{_address(head)}/{template}", told=say("The template is saved."))

    @post("/{template:int}/approval", guards=[WORKS])
    async def approve(
        self, request: Asked, code: FromPath[str], template: FromPath[int], actor: Me
    ) -> Template | Response[None]:
        async with transaction():
            head, scope, known = await _to_change(request, code, template)
            try:
                sent = await frame.form(request, Step)
                facts = {"reference": sent.reference, "reason": sent.reason, "actor": actor, "at": datetime.now(UTC)}
                await wordings.approve(known, sent.approval, **facts)  # type: ignore[arg-type]
            except (Invalid, wordings.OutOfOrder) as wrong:
                return frame.invalid(request, PAGE, wrong, **await _context(head, scope, known, known.channel))
        return frame.back(request, f"{_address(head)}/{template}", told=say("Written down."))

    @post("/{template:int}/trial", guards=[WORKS])
    async def try_out(self, request: Asked, code: FromPath[str], template: FromPath[int], actor: Me) -> Response[None]:
        async with transaction():
            head, _, known = await _to_change(request, code, template)
            shown = showing.of_template(known.texts, known.channel, await rules.load())
        if known.channel != "email" or "@" not in actor.login:
            raise NoMailbox
        outcomes = [await _tried(one.letter, actor.login) for one in shown]
        if any(outcome.fate != "sent" for outcome in outcomes):
            raise NotTaken
        stayed = any(outcome.why == "sink" for outcome in outcomes)
        sent = say("Sent to %(address)s.") % {"address": actor.login}
        told = say("It stayed in the outbox, for no mail server is set up.") if stayed else sent
        return frame.back(request, f"{_address(head)}/{template}", told=told)

    @post("/{template:int}/closing", guards=[WORKS])
    async def close(self, request: Asked, code: FromPath[str], template: FromPath[int], actor: Me) -> Response[None]:
        async with transaction():
            head, _, known = await _to_change(request, code, template)
            await wordings.close(known, actor=actor, at=datetime.now(UTC))
        undo = f"{_address(head)}/{template}/reopening"
        return frame.back(request, _address(head), told=say("The template is off the list."), undo=undo)

    @post("/{template:int}/reopening", guards=[WORKS])
    async def reopen(self, request: Asked, code: FromPath[str], template: FromPath[int]) -> Response[None]:
        async with transaction():
            head, scope = await campaign_of(request, code)
            await wordings.reopen(template, scope=scope, at=datetime.now(UTC))
        return frame.back(request, f"{_address(head)}/{template}", told=say("The template is back."))


async def _tried(letter: Letter, to: str) -> Outcome:
    """The mail as somebody made up would get it, sent to whoever asks."""
    at = datetime.now(UTC)
    return await send_one(msgspec.structs.replace(letter, message=uuid7(at), to=to), kind="service", at=at)


async def _to_change(request: Asked, code: str, template: int) -> tuple[CampaignHead, Scope, Known]:
    head, scope = await campaign_of(request, code)
    known = await wordings.find(template, scope)
    refuse_to_change(known.brand, scope)
    return head, scope, known


async def _context(head: CampaignHead, scope: Scope, known: Known | None, channel: str) -> dict[str, Any]:
    house = await rules.load()
    return {
        **here(head, "templates"),
        "template": known,
        "texts": known.texts if known else {},
        "channel": channel,
        "languages": [(language, field_of(language)) for language in LANGUAGES],
        "senders": await senders(scope),
        "shown": showing.of_template(known.texts, known.channel, house) if known else [],
        "rules": house,
        "places": writing.PLACEHOLDERS,
        "may_work": audiences.may_change(known.brand if known else scope.actor.brand, scope),
    }


def _address(head: CampaignHead) -> str:
    return f"{head.address}/invitations/templates"


CONTROLLERS = (Wordings,)
