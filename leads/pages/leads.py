"""The list of leads: looked at, looked through, taken away as a file, and kept as a view.

Promises that its address says all that it shows, so that Back, a bookmark and a shared link work; only what somebody searched for stands
sealed in it. Works without any script; with one, only the list itself is drawn anew.
"""

# The doors name the parameters so that others are refused; they are read as they were sent, repeated or not.
# ruff: noqa: ARG002

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream, Template

from crm import access, reference
from crm.database import transaction
from crm.errors import Fault, Invalid
from crm.languages import say
from crm.pages import frame
from crm.pages.forms import Asked
from crm.roles import Actor
from crm.staff import views
from crm.staff.views import Shared
from leads.lists import columns, export, listing, search
from leads.lists.listing import PAGE_NAME
from leads.lists.query import KEPT, Query
from leads.lists.words import kind, look, standing

Values = FromQuery[list[str] | None]
TEMPLATE = "leads/leads.html"


class Sought(msgspec.Struct):
    """Something to look for among the leads that an address lists; nothing typed looks for nothing."""

    q: str | None = None
    query: str = ""


class Kept(msgspec.Struct):
    """A view as its form sends it."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=views.LONGEST_NAME)]
    shared: Shared = "private"
    query: Annotated[str, msgspec.Meta(max_length=views.LONGEST_QUERY)] = ""


class Leads(Controller):
    path = "/leads"
    guards = [access.permits("leads.see")]
    include_in_schema = False

    @get("/")
    async def show(
        self,
        request: Asked,
        *,
        q: Values = None,
        brand: Values = None,
        stage: Values = None,
        hold: Values = None,
        campaign: Values = None,
        source: Values = None,
        region: Values = None,
        store: Values = None,
        since: Values = None,
        until: Values = None,
        late: Values = None,
        sort: Values = None,
        columns: Values = None,
        density: Values = None,
        after: Values = None,
        before: Values = None,
        view: Values = None,
    ) -> Template:
        return await _list(request)

    @post("/search")
    async def look_for(self, request: Asked) -> Response[None]:
        sent = await frame.form(request, Sought)
        query = Query.parse(sent.query).changed(q=search.sealed(sent.q) if sent.q else None)
        return frame.back(request, query.href())


class Export(Controller):
    path = "/leads/export"
    guards = [access.permits("leads.export")]
    include_in_schema = False

    @get("/")
    async def take_away(
        self,
        request: Asked,
        *,
        q: Values = None,
        brand: Values = None,
        stage: Values = None,
        hold: Values = None,
        campaign: Values = None,
        source: Values = None,
        region: Values = None,
        store: Values = None,
        since: Values = None,
        until: Values = None,
        late: Values = None,
        sort: Values = None,
        columns: Values = None,
        density: Values = None,
        after: Values = None,
        before: Values = None,
        view: Values = None,
    ) -> Stream:
        at, asked = datetime.now(UTC), Query.read(request.query_params.multi_items())
        async with transaction():
            filters, look = await listing.narrowed(asked, scope=frame.scope_of(request), at=at)
        pieces = export.lines(filters, look.columns, at=at, view=asked.only(("view", *KEPT)).text)
        headers = {"content-disposition": f'attachment; filename="leads-{at:%Y%m%d-%H%M}.csv"'}
        return Stream(pieces, media_type="text/csv; charset=utf-8", headers=headers)


class Views(Controller):
    path = "/views"
    guards = [access.permits("leads.see")]
    include_in_schema = False

    @post("/")
    async def save(self, request: Asked, actor: NamedDependency[Actor]) -> Response[None] | Template:
        try:
            sent = await frame.form(request, Kept)
            async with transaction():
                view = await views.save(
                    actor, PAGE_NAME, name=sent.name, query=_kept(sent.query), shared=sent.shared, at=datetime.now(UTC)
                )
        except Invalid as wrong:
            return await _again(request, wrong)
        return frame.back(request, _address(view), told=say("The view is kept."))

    @post("/{view:int}")
    async def change(
        self, request: Asked, actor: NamedDependency[Actor], view: FromPath[int]
    ) -> Response[None] | Template:
        try:
            sent = await frame.form(request, Kept)
            async with transaction():
                await views.change(
                    actor, view, name=sent.name, shared=sent.shared, query=_kept(sent.query), at=datetime.now(UTC)
                )
        except Invalid as wrong:
            return await _again(request, wrong)
        return frame.back(request, _address(view), told=say("The view is changed."))

    @post("/{view:int}/removal")
    async def remove(self, request: Asked, actor: NamedDependency[Actor], view: FromPath[int]) -> Response[None]:
        async with transaction():
            await views.remove(actor, view, at=datetime.now(UTC))
        return frame.back(request, "/leads", told=say("The view is gone."), undo=f"/views/{view}/restoring")

    @post("/{view:int}/restoring")
    async def restore(self, request: Asked, actor: NamedDependency[Actor], view: FromPath[int]) -> Response[None]:
        async with transaction():
            await views.restore(actor, view, at=datetime.now(UTC))
        return frame.back(request, _address(view), told=say("The view is back."))


async def _list(request: Asked, *, wrong: Invalid | None = None, asked: Query | None = None) -> Template:
    at = datetime.now(UTC)
    async with transaction():
        known = await reference.load()
        query = Query.read(request.query_params.multi_items()) if asked is None else asked
        shown = await listing.see(query, scope=frame.scope_of(request), at=at)
    context: dict[str, Any] = {
        "list": shown,
        "all_columns": columns.COLUMNS,
        "first_column": columns.FIRST,
        "kind": kind,
        "standing": standing,
        "look": look,
        "brand_codes": {brand.id: brand.code for brand in known.brands.values()},
    }
    return frame.invalid(request, TEMPLATE, wrong, **context) if wrong else frame.page(request, TEMPLATE, **context)


async def _again(request: Asked, wrong: Invalid) -> Template:
    """The list with the form as it was sent; a fault of the query is told at the name, where people can see it."""
    faults = [Fault(path="name", message=fault["message"]) for fault in wrong.errors]
    given: dict[str, str] = getattr(request.state, "given", {})
    return await _list(request, wrong=Invalid(errors=faults), asked=Query.parse(str(given.get("query", ""))))


def _kept(query: str) -> str:
    return Query.parse(query).only(KEPT).text


def _address(view: int) -> str:
    return Query({"view": str(view)}).href()


CONTROLLERS = (Leads, Export, Views)
