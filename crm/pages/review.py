"""Duplicate review: the queue of questions about identity, one of them side by side, and the answer by button or key.

Promises that each answer can be taken back from the page that follows it, and that whoever comes second is told who answered. Both sides are
shown masked; what would move and which consents would count is there before anybody decides.
"""

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from crm import access
from crm.database import transaction
from crm.languages import say
from crm.network import LOCAL
from crm.pages import frame
from crm.pages.forms import Asked
from crm.people import pairs, reviews
from crm.people.reviews import Task, Verdict
from crm.roles import Scope, visible_to

NEAR = 11  # of the queue beside a pair
ALL = 200


class Answer(msgspec.Struct):
    """How a question is answered; `other` says which of several people is meant."""

    answer: Verdict
    other: UUID | None = None


class Review(Controller):
    path = "/review"
    guards = [access.permits("people.merge")]
    include_in_schema = False

    @get("/")
    async def index(self, request: Asked) -> Template | Redirect:
        """The oldest question, or the page that says that none waits."""
        at = _now()
        async with transaction():
            first = await reviews.waiting(at=at, limit=1)
            if first:
                return Redirect(f"/review/{first[0].id}", status_code=302)
            standing = await _standing(request, at)
        return frame.page(request, "crm/review.html", task=None, standing=standing)

    @get("/{task:uuid}")
    async def show(
        self, request: Asked, task: FromPath[UUID], listed: FromQuery[Literal["near", "all"]] = "near"
    ) -> Template:
        async with transaction():
            shown = await _shown(request, await reviews.find(task), at=_now(), listed=ALL if listed == "all" else NEAR)
        return frame.page(request, "crm/review.html", **shown)

    @get("/mine")
    async def mine(self, request: Asked, before: FromQuery[datetime | None] = None) -> Template:
        """What this reader decided, newest first."""
        async with transaction():
            decided = await reviews.decided_by(frame.scope_of(request).actor, before=before)
            names = await pairs.names(
                [one.person for one in decided] + [one.other for one in decided], _everybody(request)
            )
        return frame.page(request, "crm/reviewed.html", decided=decided, names=names)

    @post("/{task:uuid}/answer")
    async def answer(self, request: Asked, task: FromPath[UUID]) -> Response[Any]:
        sent, at = await frame.form(request, Answer), _now()
        actor = frame.scope_of(request).actor
        try:
            async with transaction():
                done = await reviews.answer(task, verdict=sent.answer, actor=actor, at=at, other=sent.other)
                next_ = await reviews.next_after(done, at=at)
        except reviews.AnsweredAlready as late:
            async with transaction():
                shown = await _shown(request, await reviews.find(task), at=at)
            return frame.page(request, "crm/review.html", status=late.status, **shown)
        told = {
            "same": say("They are one person now."),
            "different": say("They stay two people."),
            "later": say("Asked again tomorrow."),
        }
        path = f"/review/{next_.id}" if next_ else "/review"
        return frame.back(request, path, told=told[sent.answer], undo=f"/review/{task}/undoing")

    @post("/{task:uuid}/undoing")
    async def undo(self, request: Asked, task: FromPath[UUID]) -> Response[Any]:
        async with transaction():
            await reviews.undo(task, actor=frame.scope_of(request).actor, at=_now())
        return frame.back(request, f"/review/{task}", told=say("The answer was taken back."))


async def _shown(request: Asked, task: Task, *, at: datetime, listed: int = NEAR) -> dict[str, Any]:
    scope = _everybody(request)
    if listed == ALL:
        waiting = await reviews.waiting(at=at, limit=ALL)
    else:
        waiting = await reviews.around(task, at=at, limit=listed)
    pair = await pairs.side_by_side(task, scope) if task.person != task.other else None
    names = await pairs.names([one.person for one in waiting] + [one.other for one in waiting], scope)
    return {
        "task": task,
        "pair": pair,
        "waiting": waiting,
        "names": names,
        "standing": await _standing(request, at),
        "position": await reviews.position(task, at=at),
        "following": await reviews.next_after(task, at=at),
        "previous": await reviews.before(task, at=at),
    }


def _everybody(request: Asked) -> Scope:
    # A pair may be of two brands: whoever may merge looks at both, whichever brand the other pages are narrowed to.
    return visible_to(frame.scope_of(request).actor)


async def _standing(request: Asked, at: datetime) -> reviews.Standing:
    return await reviews.standing(actor=frame.scope_of(request).actor, at=at, since=_midnight(at))


def _midnight(at: datetime) -> datetime:
    return at.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)


def _now() -> datetime:
    return datetime.now(UTC)


CONTROLLERS = (Review,)
