"""What somebody is to hear: the list, and the number beside the bell.

Promises that a notification leads where it points only for the one it was made for.
"""

from datetime import UTC, datetime

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from crm import access, addresses
from crm.database import transaction
from crm.errors import NotThere
from crm.languages import say
from crm.pages import frame
from crm.pages.forms import Asked
from crm.roles import Actor
from crm.staff import notifications


class Notifications(Controller):
    """One's own, newest first."""

    path = "/notifications"
    guards = [access.permits("own")]
    include_in_schema = False

    @get("/")
    async def list_them(
        self, request: Asked, actor: NamedDependency[Actor], before: FromQuery[int | None] = None
    ) -> Template:
        async with transaction():
            found = await notifications.of(actor, before=before)
            unread = await notifications.unread(actor)
        shown = found[: notifications.PAGE]
        older = shown[-1].id if len(found) > notifications.PAGE else None
        return frame.page(request, "crm/notifications.html", notifications=shown, unread=unread, before=older)

    @get("/bell")
    async def bell(self, request: Asked, actor: NamedDependency[Actor]) -> Template:
        async with transaction():
            unread = await notifications.unread(actor)
        return frame.page(request, "crm/_bell.html", unread=unread)

    @post("/reading")
    async def read_all(self, request: Asked, actor: NamedDependency[Actor]) -> Response[None]:
        async with transaction():
            await notifications.read_all(actor, at=datetime.now(UTC))
        return frame.back(request, "/notifications", told=say("All read."))

    @post("/{number:int}/reading")
    async def follow(self, request: Asked, number: FromPath[int], actor: NamedDependency[Actor]) -> Response[None]:
        async with transaction():
            href = await notifications.read(actor, number, at=datetime.now(UTC))
        if href is None:
            raise NotThere
        return frame.back(request, href if addresses.is_ours(href) else "/notifications")


CONTROLLERS = (Notifications,)
