"""The demo's front page: two invented shows in figures, receipts and one person, for anybody who looks.

Promises that a working house shows strangers nothing but that it runs. Puts no personal data on the page other than masked.
"""

from datetime import UTC, datetime

from litestar import Controller, MediaType, get
from litestar.response import Template

from crm import access
from crm.database import transaction
from crm.pages import frame
from crm.pages.frame import Asked
from leads import front


class FrontPage(Controller):
    """The demo's front page; a request by htmx gets the part that changes."""

    path = "/demo"
    guards = [access.anyone]
    include_in_schema = False

    @get("/", media_type=MediaType.HTML)
    async def show(self, request: Asked) -> Template:
        at = datetime.now(UTC)
        async with transaction():
            if not await front.is_for_strangers():
                return frame.page(request, "leads/running.html", bare=True)
            if frame.wants_fragment(request):
                return frame.page(request, "leads/_front_numbers.html", front=await front.numbers(at=at))
            return frame.page(request, "leads/front.html", bare=True, front=await front.front(at=at))


CONTROLLERS = (FrontPage,)
