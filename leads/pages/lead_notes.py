"""What staff leave on a lead: notes, and tasks for themselves or a colleague.

Promises that what was typed comes back with a sentence at its field when it is refused, and that a note taken back and a task done can be
undone. Nobody reaches them through a lead that they may not see, not even their own.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, post
from litestar.params import FromPath
from litestar.response import Template

from crm import access, notes, tasks
from crm.database import transaction
from crm.errors import Refused
from crm.languages import say
from crm.pages import forms, frame
from crm.pages.forms import Asked
from leads.pages import lead as lead_page
from leads.steering import standing

LONG = Annotated[str, msgspec.Meta(min_length=1, max_length=notes.LONGEST)]
SHORT = Annotated[str, msgspec.Meta(min_length=1, max_length=tasks.LONGEST)]


class NoteForm(msgspec.Struct, forbid_unknown_fields=True):
    """`brand` is whom a note of the alliance is for; none is the alliance itself."""

    text: LONG
    brand: int | None = None


class TaskForm(msgspec.Struct, forbid_unknown_fields=True):
    """`due` is on the writer's clock, as their browser writes it."""

    task: SHORT
    due: str | None = None
    assignee: int | None = None


class Notes(Controller):
    """Notes on a lead."""

    path = "/leads/{lead:uuid}/notes"
    guards = [access.permits("leads.work")]
    include_in_schema = False

    @post("/")
    async def write(self, request: Asked, lead: FromPath[UUID]) -> Response[Any] | Template:
        scope = frame.scope_of(request)
        try:
            sent = await frame.form(request, NoteForm)
            async with transaction():
                await standing.need_lead(lead, scope=scope)
                note = await notes.write("lead", lead, text=sent.text, by=scope.actor, at=_now(), brand=sent.brand)
        except Refused as no:
            return await _again(request, lead, no)
        undo = f"/leads/{lead}/notes/{note}/retracting"
        return frame.back(request, f"/leads/{lead}#notes", told=say("Note added."), undo=undo)

    @post("/{note:uuid}/retracting")
    async def retract(self, request: Asked, lead: FromPath[UUID], note: FromPath[UUID]) -> Response[Any]:
        scope = frame.scope_of(request)
        async with transaction():
            await standing.need_lead(lead, scope=scope)
            await notes.retract(note, subject=lead, by=scope.actor, at=_now())
        undo = f"/leads/{lead}/notes/{note}/restoring"
        return frame.back(request, f"/leads/{lead}#notes", told=say("Note taken back."), undo=undo)

    @post("/{note:uuid}/restoring")
    async def restore(self, request: Asked, lead: FromPath[UUID], note: FromPath[UUID]) -> Response[Any]:
        scope = frame.scope_of(request)
        async with transaction():
            await standing.need_lead(lead, scope=scope)
            await notes.restore(note, subject=lead, by=scope.actor)
        return frame.back(request, f"/leads/{lead}#notes", told=say("The note is there again."))


class Tasks(Controller):
    """Tasks on a lead."""

    path = "/leads/{lead:uuid}/tasks"
    guards = [access.permits("leads.work")]
    include_in_schema = False

    @post("/")
    async def ask(self, request: Asked, lead: FromPath[UUID]) -> Response[Any] | Template:
        scope, at = frame.scope_of(request), _now()
        try:
            sent = await frame.form(request, TaskForm)
            due_at = forms.moment(sent.due, zone=scope.actor.time_zone, field="due")
            async with transaction():
                await standing.need_lead(lead, scope=scope)
                await tasks.set_(
                    "lead", lead, text=sent.task, by=scope.actor, at=at, due_at=due_at, assignee=sent.assignee
                )
        except Refused as no:
            return await _again(request, lead, forms.at_fields(no, {"text": "task"}))
        return frame.back(request, f"/leads/{lead}#tasks", told=say("Task added."))

    @post("/{task:uuid}/completion")
    async def done(self, request: Asked, lead: FromPath[UUID], task: FromPath[UUID]) -> Response[Any]:
        scope = frame.scope_of(request)
        async with transaction():
            await standing.need_lead(lead, scope=scope)
            await tasks.done(task, subject=lead, scope=scope, at=_now())
        undo = f"/leads/{lead}/tasks/{task}/reopening"
        return frame.back(request, f"/leads/{lead}#tasks", told=say("Done."), undo=undo)

    @post("/{task:uuid}/reopening")
    async def reopen(self, request: Asked, lead: FromPath[UUID], task: FromPath[UUID]) -> Response[Any]:
        scope = frame.scope_of(request)
        async with transaction():
            await standing.need_lead(lead, scope=scope)
            await tasks.reopen(task, subject=lead, scope=scope)
        return frame.back(request, f"/leads/{lead}#tasks", told=say("The task is open again."))


async def _again(request: Asked, lead: UUID, no: Refused) -> Template:
    """The lead's page with the form as it was sent."""
    async with transaction():
        context = await lead_page.context_of(lead, lead_page.View(), scope=frame.scope_of(request), at=_now())
    return frame.invalid(request, lead_page.PAGE, no, **context)


def _now() -> datetime:
    return datetime.now(UTC)


CONTROLLERS = (Notes, Tasks)
