"""Short links: where somebody goes who scans a poster or taps a message.

Promises to send people on at once, to know them by a random number in a cookie of ours alone, and a page in words where there is nowhere to go.
"""

from datetime import UTC, datetime
from uuid import uuid4

from litestar import Controller, Response, route
from litestar.params import FromPath
from litestar.response import Template

from campaigns import landings
from crm import access, origin
from crm.database import transaction
from crm.pages import frame
from crm.pages.frame import Asked

REMEMBERED = 180 * 24 * 3600  # seconds
GONE = 410


class Links(Controller):
    """One short link."""

    path = "/r/{slug:str}"
    guards = [access.anyone]
    include_in_schema = False

    @route("/", http_method=["GET", "HEAD"])
    async def follow(self, request: Asked, slug: FromPath[str]) -> Template | Response[None]:
        at = datetime.now(UTC)
        counts = landings.is_somebody(request.method, request.headers)
        visitor = landings.visitor_of(request.cookies.get(landings.COOKIE)) or uuid4()
        async with transaction():
            way = await landings.way(slug, at=at)
            if counts and way.state != "closed":
                await landings.arrive(way, visitor, at=at)
        answer = _onward(request, way)
        answer.headers["x-robots-tag"] = "noindex"
        if counts and way.state != "closed":
            answer.set_cookie(
                landings.COOKIE,
                str(visitor),
                max_age=REMEMBERED,
                httponly=True,
                samesite="lax",
                secure=origin.is_https(request),
            )
        return answer


def _onward(request: Asked, way: landings.Way) -> Template | Response[None]:
    if way.target is not None:
        return Response(None, status_code=302, headers={"location": way.target})
    status = GONE if way.state == "closed" else 200
    return frame.page(request, "campaigns/link.html", status=status, bare=True, way=way)


CONTROLLERS = (Links,)
