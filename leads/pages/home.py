"""The first page: today in figures, what waits for its reader, brands and campaigns, and what just happened.

Promises each role what it may see and no more: a desk its own entries, an analyst figures alone, an auditor no work. The figures and the
wall come again by themselves; whatever its reader is working on stays where it is.
"""

from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

from litestar import Controller, Response, get
from litestar.enums import MediaType
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from campaigns import events
from crm import access, qr
from crm.database import current, transaction
from crm.network import local_day
from crm.pages import frame
from crm.pages.frame import Asked
from crm.roles import Scope
from leads.lists import filters, rows, words
from leads.lists.query import Query
from leads.lists.rows import Row
from leads.today import figures, waiting, wall

LAST_ENTERED = 10
MOST_AT_THE_DOOR = 2
Tab = Literal["late", "review", "alliance", "held"]


class Home(Controller):
    """The house's front door, then everybody's first page."""

    path = "/"
    guards = [access.anyone]
    include_in_schema = False

    @get("/", media_type=MediaType.HTML)
    async def show(self, request: Asked, queue: FromQuery[Tab | None] = None) -> Template | Redirect:
        actor = await access.signed_in(request)
        if actor is None:
            return Redirect("/sign-in", status_code=303)
        if not actor.may("home"):
            return Redirect("/my-store", status_code=303)
        await frame.greet(request)
        async with transaction():
            known = await _known(frame.scope_of(request), queue)
            at_door = await _open_for_all(frame.scope_of(request), base=str(request.base_url), at=known["at"])
        return frame.page(request, "leads/home.html", **known, at_door=at_door)


class Today(Controller):
    """The parts of the first page that come again while one watches."""

    path = "/today"
    guards = [access.permits("home")]
    include_in_schema = False

    @get("/figures", media_type=MediaType.HTML, guards=[access.permits("leads.see")])
    async def figures(self, request: Asked) -> Template:
        async with transaction():
            known = await figures.figures(frame.scope_of(request), at=datetime.now(UTC))
        return frame.page(request, "leads/_figures.html", today=known, figures=figures)

    @get("/campaigns", media_type=MediaType.HTML, guards=[access.permits("figures")])
    async def campaigns(self, request: Asked) -> Template:
        scope = frame.scope_of(request)
        async with transaction():
            found = await figures.campaigns(scope, at=datetime.now(UTC))
        name = "leads/_campaigns.html" if frame.wants_fragment(request) else "leads/campaigns_today.html"
        return frame.page(request, name, campaigns=found, figures=figures, sees=scope.actor.may("leads.see"))

    @get("/wall", media_type=MediaType.HTML)
    async def wall(self, request: Asked, newest: FromQuery[str | None] = None) -> Template | Response[None]:
        scope = frame.scope_of(request)
        async with transaction():
            events = await wall.events(scope, at=datetime.now(UTC))
        if events and str(events[0].id) == newest:
            return Response(None, status_code=204)
        return frame.page(request, "leads/_wall.html", events=events, words=words)


async def _known(scope: Scope, queue: Tab | None) -> dict[str, Any]:
    at = datetime.now(UTC)
    actor = scope.actor
    sees, works, is_desk = actor.may("leads.see"), actor.may("queues"), actor.role == "event_desk"
    return {
        "at": at,
        "day": local_day(at),
        "queue": queue,
        "figures": figures,
        "words": words,
        "today": await figures.figures(scope, at=at) if sees else None,
        "waiting": await waiting.things(scope, at=at, only=queue) if works else None,
        "questions": await waiting.reviews_waiting(scope, at=at) if works else 0,
        "by_brand": await figures.brands(scope, at=at) if not is_desk else None,
        "campaigns": await figures.shows(scope, at=at) if actor.may("figures") else [],
        "events": await wall.events(scope, at=at) if sees and not is_desk else None,
        "entered": await _entered(scope, at=at) if is_desk else None,
    }


async def _open_for_all(scope: Scope, *, base: str, at: datetime) -> list[tuple[events.Listed, str]]:
    """The events for which anybody may register now, each with the code that leads there."""
    if not scope.actor.may("campaigns.see"):
        return []
    listed = await events.upcoming(scope, at=at)
    open_now = [one for one in listed if one.event.phase(at) == "open"][:MOST_AT_THE_DOOR]
    return [(one, qr.on_page(f"{base}e/{quote(one.event.code)}")) for one in open_now]


async def _entered(scope: Scope, *, at: datetime) -> list[Row]:
    # A desk sees again what it wrote, to put it right while the visitor is still there.
    leads = await current().fetch(
        "select id from lead where entered_by = $1 order by captured_at desc limit $2", scope.actor.id, LAST_ENTERED
    )
    return await rows.rows([row["id"] for row in leads], filters=await filters.read(Query(), scope=scope, at=at), at=at)


CONTROLLERS = (Home, Today)
