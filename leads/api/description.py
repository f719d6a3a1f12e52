"""What the doors for machines can do, told to programs (OpenAPI) and to people who read and try it on a page.

Promises that bodies which handlers read by hand are described as well. The page asks nothing of other origins, and nothing that anybody
typed is on it.
"""

from typing import Any

import msgspec
from litestar import MediaType, Request, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.response import Template

from campaigns.api import events
from crm import access
from crm.pages import frame
from crm.pages.frame import Asked
from leads.api import capture

# The page's reader writes styles of its own.
READER_POLICY = frame.POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") + "; font-src 'self' data:"
ABOUT = """Sources send leads, dealers work their inbox: a key in `Authorization: Bearer` says who is calling.

A key may send so many requests in so many seconds, a batch being one. Every answer says so in `RateLimit-Policy: "key";q=30000;w=10` (30,000
in 10 s), and in `RateLimit: "key";r=29999;t=7` how many are left and in how many seconds the count begins anew. One too many is answered with
429 and was not done: the same request may be sent again after `Retry-After` seconds.
"""
READER = {
    "withDefaultFonts": False,
    "telemetry": False,
    "hideClientButton": True,
    "showDeveloperTools": "never",
    "agent": {"disabled": True},
    "mcp": {"disabled": True},
    "documentDownloadType": "json",
}


@get("/docs", guards=[access.anyone], include_in_schema=False, media_type=MediaType.HTML, sync_to_thread=False)
def docs(request: Asked) -> Template:
    """The API's description as a page to read and try; its reader's own origin is all it asks."""
    page = frame.page(request, "docs.html", options=msgspec.json.encode(READER).decode())
    page.headers["content-security-policy"] = READER_POLICY
    return page


def for_programs() -> OpenAPIConfig:
    """The description as programs read it, at /schema/openapi.json."""
    return OpenAPIConfig(
        title="Marquee",
        version="1",
        description=ABOUT,
        openapi_router=Router(path="/schema", guards=[access.anyone], route_handlers=[], include_in_schema=False),
        render_plugins=[DescribesBodies()],
        components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
    )


class DescribesBodies(JsonRenderPlugin):
    """Adds the bodies that handlers read by hand to what the description says."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        openapi_schema["components"]["schemas"] |= capture.BODIES | events.BODIES
        return super().render(request, openapi_schema)
