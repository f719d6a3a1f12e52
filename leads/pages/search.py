"""Search over everything a reader may see: people, leads and stores.

Promises that what was typed stands in no address, history or log: it is sent as a form and goes on sealed, so that Back and a bookmark
work all the same.
"""

from datetime import UTC, datetime

import msgspec
from litestar import Controller, Response, get, post
from litestar.enums import MediaType
from litestar.params import FromQuery
from litestar.response import Template

from crm import access
from crm.database import transaction
from crm.pages import frame
from crm.pages.frame import Asked
from crm.people import directory
from leads import looking
from leads.lists import search, words


class Sought(msgspec.Struct):
    """Something to look for; nothing typed looks for nothing."""

    q: str | None = None


class Search(Controller):
    path = "/search"
    guards = [access.permits("leads.see")]
    include_in_schema = False

    @get("/", media_type=MediaType.HTML)
    async def show(self, request: Asked, q: FromQuery[str | None] = None) -> Template:
        text = search.opened(q or "") or ""
        async with transaction():
            found = await looking.find(text, scope=frame.scope_of(request), at=datetime.now(UTC))
        ways = {"leads": f"/leads?q={search.sealed(text)}", "people": f"/people?q={directory.sealed(text)}"}
        return frame.page(request, "leads/search.html", sought=text, found=found, ways=ways, words=words)

    @post("/")
    async def look_for(self, request: Asked) -> Response[None]:
        sent = await frame.form(request, Sought)
        return frame.back(request, f"/search?q={search.sealed(sent.q)}" if sent.q else "/search")


CONTROLLERS = (Search,)
