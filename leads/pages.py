"""Pages for people: the front page of the demo, what every page is made with, and what errors look like to a browser.

Promises pages that work without any script, in Chinese and English, and a policy that lets nothing load from another
origin. Puts no personal data on a page that nobody signed in for, other than masked.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Controller, MediaType, Request, Response, get
from litestar.params import FromPath, FromQuery
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template.config import TemplateConfig

from crm import access, assets, languages
from crm.database import transaction
from crm.errors import NotThere
from leads import front

Asked: TypeAlias = Request[Any, Any, Any]

TEMPLATES = Path(__file__).parent.parent / "templates"

# Ours alone, and no inline style or script: what somebody typed can never run here.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class FrontPage(Controller):
    """The demo's front page; a request by htmx gets the part that changes."""

    path = "/"
    guards = [access.anyone]
    include_in_schema = False

    @get("/", media_type=MediaType.HTML)
    async def show(self, request: Asked, lang: FromQuery[str | None] = None) -> Template:
        at = datetime.now(UTC)
        _speak_with(request, asked=lang)
        async with transaction():
            if not await front.is_for_strangers():
                return _page("leads/running.html", {}, request=request)
            if "hx-request" in request.headers:
                return _page("leads/_front_numbers.html", {"front": await front.numbers(at=at)}, request=request)
            return _page("leads/front.html", {"front": await front.front(at=at)}, request=request)


class Assets(Controller):
    """What pages load. The URL names the content, so a browser may keep it for ever."""

    path = "/static"
    guards = [access.anyone]
    include_in_schema = False

    @get("/{served:str}")
    async def read(self, request: Asked, served: FromPath[str]) -> Response[bytes]:
        asset = assets.read(served)
        if asset is None:
            raise NotThere
        headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            return Response(asset.zipped, media_type=asset.kind, headers=headers)
        return Response(asset.content, media_type=asset.kind, headers=headers)


def templates() -> TemplateConfig[JinjaTemplateEngine]:
    """What Litestar renders pages with."""
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment()))


def environment() -> Environment:
    """Templates, what they may say and how; a name that a template does not know is a bug, never an empty place."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_callables(languages.say, languages.say_count, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(asset=assets.url, spoken=languages.spoken)
    made.filters.update(
        number=languages.number,
        signed=languages.signed,
        percent=languages.percent,
        day=languages.day,
        time=languages.time,
        moment=languages.moment,
    )
    return made


def error(request: Asked, *, status: int, sentence: str, headers: Mapping[str, str]) -> Response[Any]:
    """The page for a refusal or a bug of ours (500) in the reader's language; `sentence` is that of the refusal."""
    _speak_with(request, asked=request.query_params.get("lang"))
    page = _page("error.html", {"status": status, "sentence": sentence}, request=request)
    page.status_code = status
    page.headers.update({**SECURITY, **headers})
    return page


def secure(response: Response[Any]) -> Response[Any]:
    """Say with every answer what a browser may do with it; a route may have said so itself."""
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    return response


def _speak_with(request: Asked, *, asked: str | None) -> None:
    languages.speak(languages.choose(asked=asked, accepted=request.headers.get("accept-language", "")))


def _page(name: str, known: Mapping[str, Any], *, request: Asked) -> Template:
    context = {**known, "here": _here(request), "origin": str(request.base_url).rstrip("/")}
    # One address answers in two languages and in two sizes; nobody may keep one for the other.
    headers = {"vary": "accept-language, hx-request", "cache-control": "no-store"}
    return Template(name, context=context, headers=headers)


def _here(request: Asked) -> dict[str, str]:
    """This address in each language, for the switch."""
    others = [(key, value) for key, value in request.query_params.multi_items() if key != "lang"]
    return {it: f"{request.url.path}?{urlencode([*others, ('lang', it)])}" for it in languages.LANGUAGES}


CONTROLLERS = (FrontPage, Assets)
