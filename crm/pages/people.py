"""People: the list of them, newest first, or those whom a typed text may mean.

Promises that its address says all that it shows, with what somebody searched for sealed in it. Works without any script.
"""

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromQuery
from litestar.response import Template

from crm import access
from crm.database import transaction
from crm.pages import frame, person, person_work
from crm.pages.forms import Asked
from crm.paging import Mark
from crm.people import directory


class Sought(msgspec.Struct):
    """Something to look for; nothing typed shows everybody."""

    q: str | None = None


class People(Controller):
    path = "/people"
    guards = [access.permits("people.see")]
    include_in_schema = False

    @get("/")
    async def index(
        self,
        request: Asked,
        q: FromQuery[str | None] = None,
        older: FromQuery[str | None] = None,
        newer: FromQuery[str | None] = None,
    ) -> Template:
        scope, text = frame.scope_of(request), directory.opened(q)
        async with transaction():
            if newer:
                listed = await directory.people(scope, text=text, mark=Mark.read(newer), way="newer")
            else:
                listed = await directory.people(scope, text=text, mark=Mark.read(older), way="older")
        return frame.page(request, "crm/people.html", listed=listed, q=q, sought=text)

    @post("/search")
    async def look_for(self, request: Asked) -> Response[None]:
        sent = await frame.form(request, Sought)
        return frame.back(request, f"/people?q={directory.sealed(sent.q)}" if sent.q else "/people")


CONTROLLERS = (People, *person.CONTROLLERS, *person_work.CONTROLLERS)
