"""Imports for people: a file, its columns, a dry run, the run, and the way back; each step is one page that also works without scripts.

Promises that nothing is made before its effect was seen, and that a file larger than 20 MB is refused before it is read. Refuses stores to
whoever may not work on the network.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from crm import access, history
from crm.database import transaction
from crm.errors import Fault, Invalid
from crm.languages import say
from crm.network.stores_file import NotAStoresFile
from crm.pages import frame
from crm.pages.frame import Asked
from crm.roles import Actor, Condition
from leads.capture import Mode
from leads.imports import asking, files, showing
from leads.imports.showing import Shown
from leads.imports.words import in_words
from leads.pages import import_steps
from leads.pages.import_steps import AROUND, sent_file, small_enough
from leads.sources.delimited import NotASheet

Me: TypeAlias = NamedDependency[Actor]

# Lists of guests have pages of their own, with their campaign.
OURS = Condition("import.subject <> 'guests'")


class Upload(msgspec.Struct, forbid_unknown_fields=True):
    """A file, what it is of, and for leads whom it is from."""

    file: Any = None
    subject: Literal["leads", "stores"] = "leads"
    source: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class Columns(msgspec.Struct, forbid_unknown_fields=True):
    """What each column is, in the order of the file; whom it is from; offered, or only recorded."""

    field: list[str] = []
    source: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    mode: Mode = "offer"


class Imports(Controller):
    """What was brought in, each import as it stands, and its five steps."""

    path = "/imports"
    guards = [small_enough, access.permits("imports")]
    include_in_schema = False

    @get("/")
    async def show_all(
        self, request: Asked, after: FromQuery[UUID | None] = None, before: FromQuery[UUID | None] = None
    ) -> Template:
        async with transaction():
            listed = await showing.latest(OURS, after=after, before=before)
        return frame.page(request, "leads/imports.html", listed=listed)

    @get("/new")
    async def ask(self, request: Asked) -> Template:
        return await _upload_page(request)

    @get("/{import_id:uuid}")
    async def show(  # noqa: PLR0917 - query parameters of one page
        self,
        request: Asked,
        import_id: FromPath[UUID],
        step: FromQuery[str | None] = None,
        fate: FromQuery[str | None] = None,
        after: FromQuery[int | None] = None,
        before: FromQuery[int | None] = None,
    ) -> Template | Response[None]:
        async with transaction():
            shown = await showing.one(import_id)
            if shown.subject == "guests":
                return frame.back(request, shown.address)
            if shown.state == "waiting" or (step == "columns" and import_steps.may_settle(shown)):
                return await import_steps.columns_page(request, shown)
            return await import_steps.page(request, shown, fate=fate, after=after, before=before)

    @get("/{import_id:uuid}/undoing")
    async def preview(self, request: Asked, import_id: FromPath[UUID]) -> Template:
        async with transaction():
            return await import_steps.undo_page(request, await showing.one(import_id, OURS))

    @get("/{import_id:uuid}/errors")
    async def errors(self, import_id: FromPath[UUID], actor: Me) -> Response[bytes]:
        async with transaction():
            shown, content = await showing.one(import_id, OURS), await showing.error_file(import_id)
            await history.note(actor.actor, "import_errors_taken", "import", import_id, at=datetime.now(UTC))
        return import_steps.error_file(shown, content)

    @post("/", request_max_body_size=files.LARGEST + AROUND)
    async def upload(self, request: Asked, actor: Me) -> Template | Response[None]:
        try:
            sent = await frame.form(request, Upload)
            content, name = await sent_file(sent.file)
            _need_network(actor, sent.subject)
            async with transaction():
                begun = await asking.begin(
                    content,
                    name=name,
                    subject=sent.subject,
                    source_code=sent.source,
                    actor=actor,
                    at=datetime.now(UTC),
                )
        except (NotASheet, NotAStoresFile) as wrong:
            return await _upload_page(request, Invalid(errors=[Fault(path="file", message=in_words(str(wrong)))]))
        except Invalid as wrong:
            return await _upload_page(request, wrong)
        return frame.back(request, f"/imports/{begun}")

    @post("/{import_id:uuid}/columns")
    async def settle(self, request: Asked, import_id: FromPath[UUID], actor: Me) -> Template | Response[None]:
        async with transaction():
            shown = await _mine(import_id, actor)
            try:
                sent = await frame.form(request, Columns)
                source = sent.source or shown.source or asking.FIRST_SOURCE
                await asking.settle(import_id, fields=sent.field, source=source, mode=sent.mode, actor=actor)
            except Invalid as wrong:
                return await import_steps.columns_page(request, shown, wrong)
        return frame.back(request, f"/imports/{import_id}")

    @post("/{import_id:uuid}/checking")
    async def check(self, request: Asked, import_id: FromPath[UUID], actor: Me) -> Response[None]:
        async with transaction():
            await _mine(import_id, actor)
            await asking.check(import_id)
        return frame.back(request, f"/imports/{import_id}")

    @post("/{import_id:uuid}/running")
    async def start(self, request: Asked, import_id: FromPath[UUID], actor: Me) -> Response[None]:
        async with transaction():
            await _mine(import_id, actor)
            await asking.start(import_id, actor=actor, at=datetime.now(UTC))
        return frame.back(request, f"/imports/{import_id}")

    @post("/{import_id:uuid}/cancelling")
    async def cancel(self, request: Asked, import_id: FromPath[UUID], actor: Me) -> Response[None]:
        told = say("Stopped. What was brought in so far stays.")
        try:
            async with transaction():
                await _mine(import_id, actor)
                await asking.cancel(import_id, actor=actor, at=datetime.now(UTC))
        except asking.WrongStep:
            # The worker was quicker: its page says what became of it.
            told = say("It had ended before it could be stopped.")
        return frame.back(request, f"/imports/{import_id}", told=told)

    @post("/{import_id:uuid}/undoing")
    async def undo(self, request: Asked, import_id: FromPath[UUID], actor: Me) -> Response[None]:
        async with transaction():
            await _mine(import_id, actor)
            await asking.undo(import_id, actor=actor, at=datetime.now(UTC))
        return frame.back(request, f"/imports/{import_id}")


async def _mine(import_id: UUID, actor: Actor) -> Shown:
    """The import, if this actor may take a step with it."""
    shown = await showing.one(import_id, OURS)
    _need_network(actor, shown.subject)
    return shown


def _need_network(actor: Actor, subject: str) -> None:
    if subject == "stores" and not actor.may("network.work"):
        raise access.NotPermitted(permission="network.work")


async def _upload_page(request: Asked, wrong: Invalid | None = None) -> Template:
    async with transaction():
        codes = await showing.sources()
    if wrong:
        return frame.invalid(request, "leads/import_new.html", wrong, sources=codes)
    return frame.page(request, "leads/import_new.html", sources=codes)


CONTROLLERS = (Imports,)
