"""Work queues: what waits for people, the oldest first, with what can be done about it right in the row.

Promises that every act is a plain form, that what can be taken back says so in its toast, and that whoever comes second is told. Each handler
reads its form, calls one verb and goes back to the queue.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from crm import access
from crm.database import transaction
from crm.languages import later, say
from crm.pages import frame
from crm.pages.forms import Asked
from crm.paging import Mark
from crm.people import reviews
from crm.roles import Scope
from leads import alliance, kinds, rechecks, worklists
from leads.lists.counts import Count
from leads.lists.words import kind, standing
from leads.worklists import HOLDS, QUEUES, Queue

TEMPLATE = "leads/queue.html"
# What to do about each reason; the first sentence says when it goes by itself.
ADVICE = {
    "no_consent": later("These go on by themselves as soon as the person agrees. Ask on the phone and record the answer with the person."),
    "no_interest": later("Nobody knows yet which brand is wanted. Ask, and name the interest on the lead: it goes on at once."),
    "needs_review": later("It is not clear who this is. Answer the question of identity: it goes on at once."),
    "no_franchise": later("No store sells this brand today. These go on when the network gains a store, or the wish becomes another one."),
    "no_capacity": later("All stores in reach are full today. These go on by themselves tomorrow morning; a store may agree to take one more today."),
    "no_place": later("Nobody knows where the person is. Say the place: it goes on at once."),
    "spam": later("Nobody works on these. Release what was called spam by mistake: it goes the whole way again."),
}  # fmt: skip


class Closing(msgspec.Struct, forbid_unknown_fields=True):
    """Why it is lost."""

    reason: str


class Checked(msgspec.Struct, forbid_unknown_fields=True):
    """What was found out."""

    note: Annotated[str, msgspec.Meta(max_length=rechecks.LONGEST)] | None = None


class Queues(Controller):
    path = "/queues"
    guards = [access.permits("queues")]
    include_in_schema = False

    @get("/")
    async def fullest(self, request: Asked) -> Redirect:
        async with transaction():
            waiting = await worklists.counts(frame.scope_of(request), at=_now())
        # Of equal ones the first: late answers before everything else.
        name = max(QUEUES, key=lambda queue: (waiting[queue].leads > 0, queue == "late", waiting[queue].leads))
        return Redirect(f"/queues/{name}", status_code=302)

    @get("/waiting")
    async def count(self, request: Asked) -> Template:
        async with transaction():
            waiting = await worklists.counts(frame.scope_of(request), at=_now())
        return frame.page(request, "leads/_waiting_count.html", count=Count.sum(waiting.values()))

    # By name, each: beside a part of an address that is fixed Litestar finds no other.
    @get([f"/{name}" for name in QUEUES])
    async def show(
        self,
        request: Asked,
        hold: FromQuery[str | None] = None,
        after: FromQuery[str | None] = None,
        before: FromQuery[str | None] = None,
    ) -> Template:
        queue, scope, at = _queue(request), frame.scope_of(request), _now()
        async with transaction():
            waiting = await worklists.counts(scope, at=at)
            held = await worklists.held(scope) if queue == "held" else {}
            silent = await worklists.silent(scope) if queue == "held" else None
            reason = _reason(hold, held) if queue == "held" else None
            page = await worklists.page(
                queue, scope, at=at, hold=reason, after=Mark.read(after), before=Mark.read(before)
            )
            questions = await _questions(scope, at=at)
        return frame.page(
            request, TEMPLATE, queue=queue, page=page, waiting=waiting, held=held, hold=reason, silent=silent, questions=questions, at=at,
            advice=ADVICE.get(reason or ""), kind=kind, standing=standing,
            lost_reasons=[row for row in kinds.REASONS if row.fits in {"lost", "both"}],
            reason_words={row.code: row for row in kinds.REASONS},
        )  # fmt: skip

    @post("/alliance/{task:uuid}/taking")
    async def take(self, request: Asked, task: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await alliance.take(task, scope=frame.scope_of(request), at=_now())
        return frame.back(
            request, "/queues/alliance", told=say("It is in your hands."), undo=f"/queues/alliance/{task}/giving-back"
        )

    @post("/alliance/{task:uuid}/giving-back")
    async def give_back(self, request: Asked, task: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await alliance.give_back(task, scope=frame.scope_of(request), at=_now())
        return frame.back(request, "/queues/alliance", told=say("It is nobody's again."))

    @post("/alliance/{task:uuid}/closing")
    async def close(self, request: Asked, task: FromPath[UUID]) -> Response[Any]:
        sent = await frame.form(request, Closing)
        async with transaction():
            await alliance.close_as_lost(task, reason=sent.reason, scope=frame.scope_of(request), at=_now())
        return frame.back(
            request, "/queues/alliance", told=say("Closed as lost."), undo=f"/queues/alliance/{task}/opening"
        )

    @post("/alliance/{task:uuid}/opening")
    async def open_again(self, request: Asked, task: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await alliance.open_again(task, scope=frame.scope_of(request), at=_now())
        return frame.back(request, "/queues/alliance", told=say("It waits in the queue again."))

    @post("/lost/{recheck:uuid}/confirmation")
    async def confirm(self, request: Asked, recheck: FromPath[UUID]) -> Response[Any]:
        sent = await frame.form(request, Checked)
        async with transaction():
            await rechecks.confirm(recheck, note=sent.note, scope=frame.scope_of(request), at=_now())
        return frame.back(
            request, "/queues/lost", told=say("Confirmed as lost."), undo=f"/queues/lost/{recheck}/undoing"
        )

    @post("/lost/{recheck:uuid}/reopening")
    async def reopen(self, request: Asked, recheck: FromPath[UUID]) -> Response[Any]:
        sent = await frame.form(request, Checked)
        async with transaction():
            await rechecks.reopen(recheck, note=sent.note, scope=frame.scope_of(request), at=_now())
        told = say("Reopened: it goes to another store.")
        return frame.back(request, "/queues/lost", told=told, undo=f"/queues/lost/{recheck}/undoing")

    @post("/lost/{recheck:uuid}/undoing")
    async def undo(self, request: Asked, recheck: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await rechecks.take_back(recheck, scope=frame.scope_of(request), at=_now())
        return frame.back(request, "/queues/lost", told=say("The answer was taken back."))


def _queue(request: Asked) -> Queue:
    return next(queue for queue in QUEUES if request.url.path.rstrip("/").endswith(f"/{queue}"))


def _reason(asked: str | None, held: dict[str, Any]) -> str:
    """The reason that was asked for, else the one most wait for."""
    if asked in HOLDS:
        return asked
    return max(held, key=lambda hold: (hold != "spam", held[hold].leads), default=HOLDS[0])


async def _questions(scope: Scope, *, at: datetime) -> int | None:
    """How many questions about identity wait; None for whoever may not answer them."""
    if not scope.actor.may("people.merge"):
        return None
    return (await reviews.standing(actor=scope.actor, at=at, since=at)).waiting


def _now() -> datetime:
    return datetime.now(UTC)


CONTROLLERS = (Queues,)
