"""The way in, as pages: password, second factor, and out again; in a demo also one click to be anybody of it.

Promises that nobody learns whether a login exists, and that `next` leads nowhere but to a page of ours. Refuses to take a password over a
way on which others read along.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from crm import access, addresses, origin, reference, staff
from crm.database import transaction
from crm.errors import Invalid, NotThere
from crm.pages import frame
from crm.pages.forms import Asked, form
from crm.roles import Actor, Role
from crm.staff import entrance, passwords, sessions, throttle
from crm.staff.throttle import TooManyTries, Try

HOMES: dict[Role, str] = {"store": "/my-store"}
DEMO = "demo"
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """What is typed at the door."""

    login: Short
    password: Short
    next: str | None = None


class Digits(msgspec.Struct, forbid_unknown_fields=True):
    """Six digits, or a recovery code."""

    code: Short
    next: str | None = None


class Somebody(msgspec.Struct, forbid_unknown_fields=True):
    """One of the demo's people."""

    staff: int


class SignIn(Controller):
    """Login and password; what comes next depends on whose they are."""

    path = "/sign-in"
    guards = [access.own_pages]
    include_in_schema = False

    @get("/")
    async def show(
        self,
        request: Asked,
        is_demo: NamedDependency[bool],
        next: FromQuery[str | None] = None,  # noqa: A002
    ) -> Response[Any]:
        actor = await access.signed_in(request)
        if actor is not None:
            return frame.back(request, way_on(actor, next))
        return await _door(request, is_demo=is_demo, onward=next)

    @post("/")
    async def try_password(self, request: Asked, is_demo: NamedDependency[bool]) -> Response[Any]:
        at = datetime.now(UTC)
        if origin.cookie_name(request) is None:
            return await _door(request, is_demo=is_demo, status=403)
        try:
            typed = await form(request, Credentials)
            async with transaction():
                knocked = await entrance.knock(typed.login, address=origin.address(request), at=at)
        except Invalid as wrong:
            return await _door(request, is_demo=is_demo, status=422, faults=_by_field(wrong))
        except TooManyTries as wait:
            return await _door(request, is_demo=is_demo, status=429, onward=typed.next, wait=wait)
        token = await _compare(request, knocked, typed.password, at=at)
        if token is None:
            return await _door(request, is_demo=is_demo, status=422, onward=typed.next, left=knocked.tried.left)
        if knocked.has_second_factor:
            return carrying(request, frame.back(request, _with_next("/sign-in/second-factor", typed.next)), token)
        return await _arrived(request, token, onward=typed.next)

    @get("/second-factor")
    async def ask_digits(self, request: Asked, next: FromQuery[str | None] = None) -> Response[Any]:  # noqa: A002
        if await _half(request) is None:
            return frame.back(request, _with_next("/sign-in", next))
        return _digits_page(request, onward=next)

    @post("/second-factor")
    async def try_digits(self, request: Asked) -> Response[Any]:
        half, at = await _half(request), datetime.now(UTC)
        if half is None:
            return frame.back(request, "/sign-in")
        try:
            typed = await form(request, Digits)
            async with transaction():
                came = await entrance.second(
                    half, typed.code, address=origin.address(request), browser=origin.browser(request), at=at
                )
        except Invalid as wrong:
            return _digits_page(request, status=422, faults=_by_field(wrong))
        except TooManyTries as wait:
            return _digits_page(request, status=429, wait=wait)
        if isinstance(came, Try):
            return _digits_page(request, status=422, onward=typed.next, left=came.left)
        return await _arrived(request, came, onward=typed.next)

    @post("/as")
    async def be_somebody(self, request: Asked, is_demo: NamedDependency[bool]) -> Response[Any]:
        wanted, at = await form(request, Somebody), datetime.now(UTC)
        if not is_demo:
            raise NotThere
        async with transaction():
            if wanted.staff not in {one.id for one in await staff.added_by(DEMO, at=at)}:
                raise NotThere
            token = await entrance.as_somebody(
                wanted.staff, former=_token(request), browser=origin.browser(request), at=at
            )
        return await _arrived(request, token, onward=None)


class SignOut(Controller):
    """And out again."""

    path = "/sign-out"
    guards = [access.permits("own")]
    include_in_schema = False

    @post("/")
    async def leave(self, request: Asked, actor: NamedDependency[Actor]) -> Response[None]:
        async with transaction():
            await entrance.sign_out(actor, at=datetime.now(UTC))
        return forgetting(request, frame.back(request, "/sign-in"))


def way_on(actor: Actor, wanted: str | None) -> str:
    """Where somebody who signed in goes: to the page they wanted, if it is one of ours, else to their first one."""
    home = HOMES.get(actor.role, "/")
    return wanted if wanted and wanted != "/" and is_ours(wanted) else home


def is_ours(path: str) -> bool:
    """Whether somebody who signed in can go on there: a page of ours, and not a door."""
    return addresses.is_ours(path) and not path.startswith("/sign-")


def carrying(request: Asked, answer: Response[Any], token: str) -> Response[Any]:
    """The answer with the session's cookie: of this host alone, unreadable for scripts, sent to nobody who comes from elsewhere with a form."""
    name = origin.cookie_name(request)
    if name is None:
        raise RuntimeError("no session travels on this way")
    answer.set_cookie(name, token, path="/", httponly=True, secure=name == origin.SECURE_COOKIE, samesite="lax")
    return answer


def forgetting(request: Asked, answer: Response[None]) -> Response[None]:
    """The answer, after which the browser has no session's cookie any more."""
    name = origin.cookie_name(request)
    if name is not None:
        # Browsers take a __Host- name only with all that belongs to it, also when it ends.
        answer.set_cookie(
            name, "", path="/", max_age=0, httponly=True, secure=name == origin.SECURE_COOKIE, samesite="lax"
        )
    return answer


async def _compare(request: Asked, knocked: entrance.Knock, password: str, *, at: datetime) -> str | None:
    # Comparing takes a tenth of a second: no connection waits for it.
    fits = await passwords.fits(knocked.password_hash, password)
    renewed = await passwords.make(password) if fits and passwords.is_outdated(knocked.password_hash or "") else None
    async with transaction():
        if not fits:
            await entrance.turn_away(knocked, at=at)
            return None
        return await entrance.let_in(
            knocked, former=_token(request), browser=origin.browser(request), renewed_hash=renewed, at=at
        )


async def _arrived(request: Asked, token: str, *, onward: str | None) -> Response[Any]:
    actor = await sessions.find(token, at=datetime.now(UTC))
    if actor is None:
        raise access.NotSignedIn
    return carrying(request, frame.back(request, way_on(actor, onward)), token)


async def _half(request: Asked) -> Actor | None:
    token = _token(request)
    return await sessions.find(token, at=datetime.now(UTC), step="password") if token else None


async def _door(
    request: Asked,
    *,
    is_demo: bool,
    status: int = 200,
    onward: str | None = None,
    **context: Any,
) -> Template:
    async with transaction():
        people = await staff.added_by(DEMO, at=datetime.now(UTC)) if is_demo else []
        nobody = await staff.is_nobody_here()
    known = {"faults": {}, "left": None, "wait": None} | context
    answer = frame.page(
        request,
        "crm/sign_in.html",
        status=status,
        next=onward,
        people=people,
        nobody=nobody,
        brands=tuple((await reference.load()).brands.values()),
        safe=origin.cookie_name(request) is not None,
        minutes=int(throttle.WINDOW.total_seconds() // 60),
        **known,
    )
    return _asking_to_wait(answer, known["wait"])


def _digits_page(
    request: Asked,
    *,
    status: int = 200,
    onward: str | None = None,
    **context: Any,
) -> Template:
    known = {"faults": {}, "left": None, "wait": None} | context
    minutes = int(throttle.WINDOW.total_seconds() // 60)
    answer = frame.page(request, "crm/second_factor_sign_in.html", status=status, next=onward, minutes=minutes, **known)
    return _asking_to_wait(answer, known["wait"])


def _asking_to_wait(answer: Template, wait: TooManyTries | None) -> Template:
    if wait is not None:
        answer.headers["retry-after"] = str(60 * int(str(wait.facts["minutes"])))
    return answer


def _by_field(wrong: Invalid) -> dict[str, str]:
    return {fault["path"]: fault["message"] for fault in wrong.errors}


def _with_next(path: str, wanted: str | None) -> str:
    return f"{path}?next={quote(wanted)}" if wanted and is_ours(wanted) else path


def _token(request: Asked) -> str | None:
    name = origin.cookie_name(request)
    return request.cookies.get(name) if name else None


CONTROLLERS = (SignIn, SignOut)
