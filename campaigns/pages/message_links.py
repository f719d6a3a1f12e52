"""What the links in a message lead to: the way out, the way on, and the picture by which an opened mail is known. No session, no cookie, no name.

Promises that one click of a mailbox stops at once (RFC 8058), that a page asks nothing before it lets somebody go, and that a link which we did not
write is like one of a message that never was.
"""

import base64
from datetime import UTC, datetime

from litestar import Controller, Response, get, head, post
from litestar.params import FromPath
from litestar.response import Template

from campaigns.invitations import tracking, unsubscribing
from campaigns.invitations.unsubscribing import Stopping
from crm import access, languages, reference
from crm.database import transaction
from crm.pages import frame
from crm.pages.frame import Asked

PAGE = "campaigns/unsubscribe.html"
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
FRESH = {"cache-control": "no-store, max-age=0"}


class Unsubscribing(Controller):
    path = "/u/{token:str}"
    guards = [access.anyone]
    include_in_schema = False

    @get("/")
    async def show(self, request: Asked, token: FromPath[str]) -> Template:
        async with transaction():
            found = await unsubscribing.find(token)
            return await _page(request, found, done=False)

    @post("/", status_code=200)
    async def stop(self, request: Asked, token: FromPath[str]) -> Template:
        # A mailbox's own button sends List-Unsubscribe=One-Click, in whatever form it likes; the page's may say "all".
        sent = await request.form()
        async with transaction():
            found = await unsubscribing.find(token)
            brands = found.every_brand if sent.get("what") == "all" else found.brands
            await unsubscribing.stop(found, brands=brands, at=datetime.now(UTC))
            return await _page(request, found, done=True)


class Following(Controller):
    path = "/i/{token:str}"
    guards = [access.anyone]
    include_in_schema = False

    @get("/")
    async def follow(self, request: Asked, token: FromPath[str]) -> Response[None]:
        async with transaction():
            where = await tracking.click(token, counts=not tracking.is_prefetch(request.headers), at=datetime.now(UTC))
        return Response(None, status_code=303, headers={"location": where, **FRESH})

    @head("/")
    async def look(self, token: FromPath[str]) -> Response[None]:
        async with transaction():
            where = await tracking.click(token, counts=False, at=datetime.now(UTC))
        return Response(None, status_code=303, headers={"location": where, **FRESH})

    @get("/open.gif")
    async def open_(self, request: Asked, token: FromPath[str]) -> Response[bytes]:
        if not tracking.is_prefetch(request.headers):
            async with transaction():
                await tracking.open_(token, at=datetime.now(UTC))
        return Response(PIXEL, media_type="image/gif", headers=FRESH)


async def _page(request: Asked, found: Stopping, *, done: bool) -> Template:
    """The page in the language of the message, unless its reader chose another."""
    if frame.LANGUAGE not in request.query_params:
        languages.speak("zh-Hans" if found.language == "zh-Hans" else "en")
    known = (await reference.load()).brands.values()
    request.state.brands = tuple(known)
    brands = [one for one in known if one.id in found.brands]
    return frame.page(
        request, PAGE, bare=True, of_brands=brands, done=done, is_all=len(brands) == len(found.every_brand)
    )


CONTROLLERS = (Unsubscribing, Following)
