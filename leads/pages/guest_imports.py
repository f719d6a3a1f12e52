"""Lists of guests for people: a file for one event, its columns, a dry run, the run, the word to the guests, and the way back.

Promises that nothing is made before its effect was seen and nobody is written to before its result was; each step works without scripts.
A brand's people meet the lists of their own brand alone: another's is not there.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from campaigns import events, heads
from campaigns.heads import CampaignHead
from crm import access, history
from crm.database import transaction
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.languages import say
from crm.pages import frame
from crm.pages.frame import Asked
from crm.roles import Actor
from leads.imports import asking, files, showing
from leads.imports.showing import Shown
from leads.imports.words import in_words
from leads.pages import import_steps
from leads.pages.import_steps import AROUND, sent_file, small_enough
from leads.sources.delimited import NotASheet

Me: TypeAlias = NamedDependency[Actor]


class GuestUpload(msgspec.Struct, forbid_unknown_fields=True):
    """A list, and the code of the event that it is for."""

    event: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    file: Any = None


class GuestColumns(msgspec.Struct, forbid_unknown_fields=True):
    """What each column is, in the order of the file."""

    field: list[str] = []


class GuestImports(Controller):
    """The lists of a campaign, each as it stands, and its steps."""

    path = "/campaigns/{code:str}/guests/imports"
    guards = [small_enough, access.permits("guests.import")]
    include_in_schema = False

    @get("/")
    async def show_all(
        self,
        request: Asked,
        code: FromPath[str],
        after: FromQuery[UUID | None] = None,
        before: FromQuery[UUID | None] = None,
    ) -> Template:
        scope = frame.scope_of(request)
        async with transaction():
            campaign = await heads.head(code, scope)
            listed = await showing.latest(showing.of_campaign(campaign.id, scope), after=after, before=before)
        return frame.page(request, "leads/guest_imports.html", campaign=campaign, part="guests", listed=listed)

    @get("/new")
    async def ask(self, request: Asked, code: FromPath[str], event: FromQuery[str | None] = None) -> Template:
        async with transaction():
            return await _upload_page(request, code, event=event)

    @get("/{guest_list:uuid}")
    async def show(  # noqa: PLR0917 - query parameters of one page
        self,
        request: Asked,
        code: FromPath[str],
        guest_list: FromPath[UUID],
        step: FromQuery[str | None] = None,
        fate: FromQuery[str | None] = None,
        after: FromQuery[int | None] = None,
        before: FromQuery[int | None] = None,
    ) -> Template:
        async with transaction():
            campaign, shown = await _mine(request, code, guest_list)
            if shown.state == "waiting" or (step == "columns" and import_steps.may_settle(shown)):
                return await import_steps.columns_page(request, shown, campaign=campaign)
            return await import_steps.page(request, shown, fate=fate, after=after, before=before, campaign=campaign)

    @get("/{guest_list:uuid}/undoing")
    async def preview(self, request: Asked, code: FromPath[str], guest_list: FromPath[UUID]) -> Template:
        async with transaction():
            campaign, shown = await _mine(request, code, guest_list)
            return await import_steps.undo_page(request, shown, campaign=campaign)

    @get("/{guest_list:uuid}/errors")
    async def errors(
        self, request: Asked, code: FromPath[str], guest_list: FromPath[UUID], actor: Me
    ) -> Response[bytes]:
        async with transaction():
            _, shown = await _mine(request, code, guest_list)
            content = await showing.error_file(guest_list)
            await history.note(actor.actor, "import_errors_taken", "import", guest_list, at=datetime.now(UTC))
        return import_steps.error_file(shown, content)

    @post("/", request_max_body_size=files.LARGEST + AROUND)
    async def upload(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        try:
            sent = await frame.form(request, GuestUpload)
            content, name = await sent_file(sent.file)
            async with transaction():
                event = await _event_of(request, code, sent.event)
                begun = await asking.begin_guests(content, event=event, name=name, actor=actor, at=datetime.now(UTC))
                address = await showing.address(begun)
        except NotThere:
            raise
        except NotASheet as wrong:
            return await _again(request, code, Invalid(errors=[Fault(path="file", message=in_words(str(wrong)))]))
        except Refused as wrong:
            return await _again(request, code, wrong)
        return frame.back(request, address)

    @post("/{guest_list:uuid}/columns")
    async def settle(
        self, request: Asked, code: FromPath[str], guest_list: FromPath[UUID], actor: Me
    ) -> Template | Response[None]:
        async with transaction():
            campaign, shown = await _mine(request, code, guest_list)
            try:
                sent = await frame.form(request, GuestColumns)
                await asking.settle(guest_list, fields=sent.field, actor=actor)
            except Invalid as wrong:
                return await import_steps.columns_page(request, shown, wrong, campaign=campaign)
        return frame.back(request, shown.address)

    @post("/{guest_list:uuid}/checking")
    async def check(self, request: Asked, code: FromPath[str], guest_list: FromPath[UUID]) -> Response[None]:
        async with transaction():
            _, shown = await _mine(request, code, guest_list)
            await asking.check(guest_list)
        return frame.back(request, shown.address)

    @post("/{guest_list:uuid}/running")
    async def start(self, request: Asked, code: FromPath[str], guest_list: FromPath[UUID], actor: Me) -> Response[None]:
        async with transaction():
            _, shown = await _mine(request, code, guest_list)
            await asking.start(guest_list, actor=actor, at=datetime.now(UTC))
        return frame.back(request, shown.address)

    @post("/{guest_list:uuid}/cancelling")
    async def cancel(
        self, request: Asked, code: FromPath[str], guest_list: FromPath[UUID], actor: Me
    ) -> Response[None]:
        async with transaction():
            _, shown = await _mine(request, code, guest_list)
        told = say("Stopped. What was brought in so far stays.")
        try:
            async with transaction():
                await asking.cancel(guest_list, actor=actor, at=datetime.now(UTC))
        except asking.WrongStep:
            # The worker was quicker: its page says what became of it.
            told = say("It had ended before it could be stopped.")
        return frame.back(request, shown.address, told=told)

    @post("/{guest_list:uuid}/telling")
    async def tell(self, request: Asked, code: FromPath[str], guest_list: FromPath[UUID], actor: Me) -> Response[None]:
        async with transaction():
            _, shown = await _mine(request, code, guest_list)
            count = await asking.tell_guests(guest_list, actor=actor, at=datetime.now(UTC))
        return frame.back(request, shown.address, told=say("%(count)s guests are being written to.") % {"count": count})

    @post("/{guest_list:uuid}/undoing")
    async def undo(self, request: Asked, code: FromPath[str], guest_list: FromPath[UUID], actor: Me) -> Response[None]:
        async with transaction():
            _, shown = await _mine(request, code, guest_list)
            await asking.undo(guest_list, actor=actor, at=datetime.now(UTC))
        return frame.back(request, shown.address)


async def _event_of(request: Asked, code: str, event: str) -> int:
    scope = frame.scope_of(request)
    campaign, found = await heads.head(code, scope), await events.find(event, scope)
    if found.campaign != campaign.id:
        raise NotThere
    return found.id


async def _mine(request: Asked, code: str, guest_list: UUID) -> tuple[CampaignHead, Shown]:
    """The list with its campaign, if the reader may meet it."""
    scope = frame.scope_of(request)
    campaign = await heads.head(code, scope)
    return campaign, await showing.one(guest_list, showing.of_campaign(campaign.id, scope))


async def _again(request: Asked, code: str, wrong: Refused) -> Template:
    async with transaction():
        return await _upload_page(request, code, wrong)


async def _upload_page(
    request: Asked, code: str, wrong: Refused | None = None, *, event: str | None = None
) -> Template:
    scope, at = frame.scope_of(request), datetime.now(UTC)
    campaign = await heads.head(code, scope)
    planned = [one.event for one in await events.upcoming(scope, campaign=campaign.id, at=at)]
    context: dict[str, Any] = {
        "campaign": campaign,
        "part": "guests",
        "event_options": [(one.code, one.name) for one in planned if one.phase(at) != "over"],
        "chosen": event,
    }
    if wrong:
        return frame.invalid(request, "leads/guest_import_new.html", wrong, **context)
    return frame.page(request, "leads/guest_import_new.html", **context)


CONTROLLERS = (GuestImports,)
