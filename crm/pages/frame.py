"""The frame of every page: templates and what they may say, whose eyes look, the way back after a write, and pages for what went wrong.

Promises pages that work without any script, in Chinese and English, and a policy that lets nothing load from another origin. Puts nothing
on a page that its reader may not know: whoever nobody signed in gets the bare frame.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.enums import MediaType
from litestar.params import FromPath
from litestar.response import Template

from crm import access, addresses, assets, languages, origin, reference
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.pages import drawing, forms, navigation, toasts
from crm.pages.toasts import Told
from crm.roles import Actor, Scope, visible_to
from crm.staff import sessions

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
Asked: TypeAlias = Request[Any, Any, Any]
form, templates, environment = (
    forms.form,
    drawing.templates,
    drawing.environment,
)  # a page's doors find all they need here
YEAR = 365 * 24 * 3600
THEMES = ("system", "light", "dark")


async def greet(request: Asked) -> None:
    """Before anything is said: find the reader's language and zone, and what their frame needs from the database."""
    actor = actor_of(request)
    languages.speak(_language(request, actor))
    languages.reckon(ZoneInfo(actor.time_zone)) if actor else languages.reckon()
    if actor:
        request.app.state.brands = request.state.brands = tuple((await reference.load()).brands.values())


def actor_of(request: Asked) -> Actor | None:
    """Who is signed in, as the route's guard found them."""
    found: Actor | None = getattr(request.state, "actor", None)
    return found


def scope_of(request: Asked) -> Scope:
    """What the one who is signed in may see, narrowed to the brand they chose to look at."""
    actor = actor_of(request)
    if actor is None:
        raise RuntimeError("A page that reads by scope needs a guard that signs its readers in.")
    brand = _looking_at(request)
    return visible_to(actor, looking_at=brand.id if brand else None)


def page(request: Asked, name: str, *, status: int = 200, **context: Any) -> Template:
    """The template with all that every one may use (see templates/base.html); `leads/_x.html` comes as a fragment, without the frame."""
    answer = Template(
        name, context={**_known(request), "status": status, **context}, status_code=status, media_type=MediaType.HTML
    )
    # One address answers in two languages and in two sizes; nobody may keep one for the other.
    answer.headers["vary"] = "accept-language, cookie, hx-request"
    _keep_language(request, answer)
    if TOLD in request.cookies and not wants_fragment(request):
        answer.delete_cookie(TOLD)
    return answer


def invalid(request: Asked, name: str, wrong: Refused, **context: Any) -> Template:
    """The form once more, with what was typed: a sentence at every wrong field, or above them why it is refused as a whole.

    What is not there has no form to come back to: that refusal flies on.
    """
    if isinstance(wrong, Invalid):
        return page(request, name, status=wrong.status, faults=forms.sentences(wrong), **context)
    if isinstance(wrong, NotThere):
        raise wrong
    return page(request, name, status=wrong.status, refused=sentence(wrong), **context)


def sentence(refused: Refused) -> str:
    """What a refusal says, in the reader's language."""
    return languages.say(refused.sentence).format(**refused.facts)


def back(request: Asked, path: str, *, told: str | None = None, undo: str | None = None) -> Response[None]:
    """Go on at `path` after a write; the page there tells in a toast what was done, with the way to undo it."""
    by_script = "hx-request" in request.headers and "hx-boosted" not in request.headers
    answer: Response[None] = Response(None, status_code=204 if by_script else 303)
    answer.headers["hx-redirect" if by_script else "location"] = path
    if told:
        cookie = toasts.sealed(Told(told, undo), reader=actor_of(request))
        answer.set_cookie(TOLD, cookie, max_age=toasts.SECONDS, httponly=True, samesite="lax", secure=_is_safe(request))
    return answer


def wants_fragment(request: Asked) -> bool:
    """Whether htmx asks for a part of the page, rather than for a whole one in another way."""
    headers = request.headers
    return "hx-request" in headers and not {"hx-boosted", "hx-history-restore-request"} & set(headers.keys())


def error(request: Asked, wrong: Exception, *, status: int, headers: Mapping[str, str]) -> Response[Any]:
    """The answer to a refusal or a bug of ours (500): a page, or a toast where htmx asked for a part of one."""
    if not hasattr(request.state, "brands"):  # refused before anybody was greeted: what the house knew last will do
        request.state.brands = getattr(request.app.state, "brands", ())
        languages.speak(_language(request, actor_of(request)))
    told = sentence(wrong) if isinstance(wrong, Refused) else ""
    name = "_refused.html" if wants_fragment(request) else "error.html"
    answer = page(request, name, status=status, sentence=told)
    answer.headers.update({**SECURITY, **headers})
    if wants_fragment(request):
        answer.headers.update({"hx-retarget": "#toasts", "hx-reswap": "innerHTML"})
    return answer


def sign_in_first(request: Asked) -> Response[None]:
    """To the sign-in, and from there back to the page that was asked for."""
    path = _address(request) if request.method == "GET" and not wants_fragment(request) else "/"
    where = "/sign-in" + (f"?{urlencode({'next': path})}" if path != "/" else "")
    if "hx-request" in request.headers:
        return Response(None, status_code=401, headers={**SECURITY, "hx-redirect": where})
    return Response(None, status_code=303, headers={**SECURITY, "location": where})


def secure(response: Response[Any]) -> Response[Any]:
    """Say with every answer what a browser may do with it; a route may have said so itself."""
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    return response


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


class Eyes(Controller):
    """How one looks at the house: the brand that pages are narrowed to, light or dark. Kept in the browser."""

    path = "/"
    guards = [access.own_pages]
    include_in_schema = False

    @post("/seeing")
    async def look_at(self, request: Asked) -> Response[None]:
        sent = await form(request, Seeing)
        codes = (await reference.load()).brands
        if sent.brand and sent.brand not in codes:
            raise Invalid(errors=[Fault(path="brand", message=languages.say("Please choose one of the list."))])
        return _remembering(request, sent.next, BRAND, sent.brand or "")

    @post("/theme")
    async def shade(self, request: Asked) -> Response[None]:
        sent = await form(request, Shade)
        return _remembering(request, sent.next, THEME, sent.theme if sent.theme in THEMES else "system")


class Seeing(msgspec.Struct, forbid_unknown_fields=True):
    """The brand to look at; none for all."""

    brand: str | None = None
    next: str | None = None


class Shade(msgspec.Struct, forbid_unknown_fields=True):
    """Light, dark, or as the system has it."""

    theme: str = "system"
    next: str | None = None


LANGUAGE, THEME, BRAND, TOLD = "lang", "theme", "brand", toasts.COOKIE


def _known(request: Asked) -> dict[str, Any]:
    actor = actor_of(request)
    path = request.url.path
    return {
        "actor": actor,
        "bare": False,
        "brands": getattr(request.state, "brands", ()),
        "scope_brand": _looking_at(request),
        "csrf": _csrf(actor),
        "here": _here(request),
        "path": path,
        "address": _address(request),
        "origin": str(request.base_url).rstrip("/"),
        "nav": navigation.floors(actor, path) if actor else [],
        "theme": _theme(request, actor),
        "told": _told(request),
        "given": getattr(request.state, "given", {}),
        "faults": {},
        "refused": None,
    }


def _language(request: Asked, actor: Actor | None) -> languages.Language:
    kept = request.cookies.get(LANGUAGE) or (actor.language if actor else None)
    asked = request.query_params.get(LANGUAGE) or kept
    return languages.choose(asked=asked, accepted=request.headers.get("accept-language", ""))


def _keep_language(request: Asked, answer: Template) -> None:
    if LANGUAGE in request.query_params:
        answer.set_cookie(LANGUAGE, languages.spoken(), max_age=YEAR, samesite="lax", secure=_is_safe(request))


def _theme(request: Asked, actor: Actor | None) -> str:
    theme = request.cookies.get(THEME) or (actor.theme if actor else None)
    return theme if theme in THEMES else "system"


def _looking_at(request: Asked) -> reference.BrandFacts | None:
    actor, brands = actor_of(request), getattr(request.state, "brands", ())
    if actor is not None and actor.brand is not None:
        return next((brand for brand in brands if brand.id == actor.brand), None)
    return next((brand for brand in brands if brand.code == request.cookies.get(BRAND)), None)


def _csrf(actor: Actor | None) -> str:
    return sessions.csrf_token(actor.session) if actor else ""


def _told(request: Asked) -> Told | None:
    said = request.cookies.get(TOLD)
    return toasts.opened(said, reader=actor_of(request)) if said and not wants_fragment(request) else None


def _here(request: Asked) -> dict[str, str]:
    """This address in each language, for the switch."""
    others = [(key, value) for key, value in request.query_params.multi_items() if key != LANGUAGE]
    return {it: f"{_path(request)}?{urlencode([*others, (LANGUAGE, it)])}" for it in languages.LANGUAGES}


def _address(request: Asked) -> str:
    """This address without what only says the language: where a form comes back to. Of what was sent, only a GET has one."""
    others = [(key, value) for key, value in request.query_params.multi_items() if key != LANGUAGE]
    return _path(request) + (f"?{urlencode(others)}" if others else "")


def _path(request: Asked) -> str:
    # Of two slashes a browser makes the name of another host, and of a backslash a slash.
    return "/" + quote(request.url.path.lstrip("/\\"), safe="/:@")


def _remembering(request: Asked, path: str | None, name: str, value: str) -> Response[None]:
    answer = back(request, path if path and addresses.is_ours(path) else "/")
    answer.set_cookie(name, value, max_age=YEAR if value else 0, samesite="lax", secure=_is_safe(request))
    return answer


def _is_safe(request: Asked) -> bool:
    return origin.is_https(request)


CONTROLLERS = (Assets, Eyes)
