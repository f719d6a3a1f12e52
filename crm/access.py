"""Who is calling, and what may they do: keys of machines, staff who signed in, and guards on routes.

Promises that a key is shown once and kept only as a hash, that a route without a declared guard does not start, and that what belongs to
somebody else is answered exactly like what does not exist. Refuses a write by staff that no page of ours sent.
"""

import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from litestar import Litestar, Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.types import Guard

from crm import origin
from crm.database import current, reaching
from crm.errors import Fault, Invalid, NotAllowed, NotKnown, Refused, SignInNeeded
from crm.roles import Actor, Permission
from crm.staff import sessions
from crm.tables import ApiKey, Dealer

PrincipalKind = Literal["source", "dealer"]

SCOPES: dict[PrincipalKind, frozenset[str]] = {
    "source": frozenset({"leads", "consents", "events"}),
    "dealer": frozenset({"inbox"}),
}
SEEN_EVERY = timedelta(minutes=1)
SOURCE_CODE = re.compile(r"[\w.-]{1,40}")

READING = ("GET", "HEAD", "OPTIONS")
CSRF_HEADER, CSRF_FIELD = "x-csrf-token", "_csrf"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

_PRINCIPAL = """
select api_key.id, principal_kind, principal, scopes, last_used_at, coalesce(source.code, dealer.code) as code
from api_key
left join source on principal_kind = 'source' and source.id = principal
left join dealer on principal_kind = 'dealer' and dealer.id = principal
where hash = {} and revoked_at is null and (expires_at is null or expires_at > {})
"""


class NotSignedIn(Refused):
    status = 401
    sentence = "Please sign in first."


class NotPermitted(Refused):
    status = 403
    sentence = "Your role does not include this. Ask an administrator of the alliance if you need it."


class NotSentByUs(Refused):
    status = 403
    sentence = (
        "This form did not come from a page of yours, or you signed in again since. Reload the page and try again."
    )


class Principal(msgspec.Struct, frozen=True):
    """A caller that proved its key: one source, or one dealer company for all offers made to it."""

    kind: PrincipalKind
    id: int
    code: str
    scopes: frozenset[str]

    @property
    def actor(self) -> str:
        """How history names it."""
        return f"{self.kind}:{self.code}"


async def make_source(code: str, *, kind: str) -> int:
    """The id of a source, made when it is new; an existing one keeps its kind. Refuses what is no code."""
    if not SOURCE_CODE.fullmatch(code):
        raise Invalid(errors=[Fault(path="source", message="A code is 1 to 40 letters, digits, dots or dashes.")])
    await current().execute(
        "insert into source (code, kind, test) values ($1, $2, false) on conflict (code) do nothing", code, kind
    )
    found: int = await current().fetchval("select id from source where code = $1", code)
    return found


async def create_key(kind: PrincipalKind, code: str, *, at: datetime) -> str:
    """A new key for a source (made when new) or a known dealer; the only moment at which it can be read. Refuses unknown dealers."""
    principal = await make_source(code, kind="api") if kind == "source" else await _dealer(code)
    key = f"mq_{kind}_{secrets.token_urlsafe(32)}"
    await ApiKey(
        principal_kind=kind,
        principal=principal,
        hash=_hash(key),
        prefix=key[: len(f"mq_{kind}_") + 4],
        scopes=" ".join(sorted(SCOPES[kind])),
        created_at=at,
    ).save()
    return key


async def authenticate(key: str, *, at: datetime) -> Principal:
    """The principal of a live key; refuses every other text alike."""
    with reaching():
        found = await ApiKey.raw(_PRINCIPAL, _hash(key), at)
        if not found:
            raise SignInNeeded
        row = found[0]
        if row["last_used_at"] is None or at - row["last_used_at"] > SEEN_EVERY:
            await ApiKey.update({ApiKey.last_used_at: at}).where(ApiKey.id == row["id"])
    return Principal(row["principal_kind"], row["principal"], row["code"], frozenset(row["scopes"].split()))


def needs(*scopes: str) -> Guard:
    """A guard for routes that only keys with this scope may call, or with any one of several."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        principal = await _identified(connection)
        if principal.scopes.isdisjoint(scopes):
            raise NotAllowed(scope=scopes[0])

    _DECLARED.add(guard)
    return guard


def permits(permission: Permission) -> Guard:
    """A guard for routes of staff whose role has this permission; a write must come from a page of their own session."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        actor = await signed_in(connection)
        if actor is None:
            raise NotSignedIn
        if not actor.may(permission):
            raise NotPermitted(permission=permission)
        await refuse_foreign_writes(connection, actor)

    _DECLARED.add(guard)
    _PERMITS[guard] = permission
    return guard


async def signed_in(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor | None:
    """Who of our staff asks; None for everybody else. Asks the database once a request."""
    if "actor" not in connection.state:
        name = origin.cookie_name(connection)
        token = connection.cookies.get(name) if name else None
        connection.state.actor = await sessions.find(token, at=datetime.now(UTC)) if token else None
    found: Actor | None = connection.state.actor
    return found


async def refuse_foreign_writes(connection: ASGIConnection[Any, Any, Any, Any], actor: Actor) -> None:
    """A write counts only from one of our pages, and from one that was made for this very session."""
    if not _writes(connection):
        return
    if not origin.is_own(connection) or not hmac.compare_digest(
        await _csrf_token(connection), sessions.csrf_token(actor.session).encode()
    ):
        raise NotSentByUs


async def own_pages(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard that lets everybody in, but takes writes from our own pages alone: for signing in, when there is no session yet."""
    if _writes(connection) and not origin.is_own(connection):
        raise NotSentByUs


async def any_key(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard for routes that every key may call."""
    await _identified(connection)


async def anyone(_connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard that lets everybody in, said aloud."""


def provide_principal(request: Request[Any, Any, Any]) -> Principal:
    """The principal that the route's guard found."""
    found: Principal = request.state.principal
    return found


def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """The one of our staff whom the route's guard found."""
    found: Actor = request.state.actor
    return found


def permission_of(handler: BaseRouteHandler) -> Permission | None:
    """What a role needs for this route; None when the route is not one of staff."""
    return next((_PERMITS[guard] for guard in handler.resolve_guards() if guard in _PERMITS), None)


def refuse_undeclared_routes(app: Litestar) -> None:
    """Fail at start when a route says nothing about who may call it."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            # Litestar adds an OPTIONS handler to every route by itself; it tells methods, nothing else.
            ours = isinstance(handler, HTTPRouteHandler) and handler.http_methods != {"OPTIONS"}
            if ours and _DECLARED.isdisjoint(handler.resolve_guards()):
                raise RuntimeError(f"{route.path} declares no permission: give it a guard of crm.access.")


async def _identified(connection: ASGIConnection[Any, Any, Any, Any]) -> Principal:
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise SignInNeeded
    principal = await authenticate(key.strip(), at=datetime.now(UTC))
    connection.state.principal = principal
    return principal


def _writes(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    return isinstance(connection, Request) and connection.method not in READING


async def _csrf_token(connection: ASGIConnection[Any, Any, Any, Any]) -> bytes:
    told = connection.headers.get(CSRF_HEADER)
    if told is None and isinstance(connection, Request) and connection.content_type[0] in FORMS:
        told = (await connection.form()).get(CSRF_FIELD)
    return told.encode() if isinstance(told, str) else b""


async def _dealer(code: str) -> int:
    found = await Dealer.select(Dealer.id).where(Dealer.code == code).first()
    if found is None:
        raise NotKnown(kind="dealer", code=code)
    dealer: int = found["id"]
    return dealer


def _hash(key: str) -> bytes:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(key.encode()).digest()


_DECLARED: set[Guard] = {any_key, anyone, own_pages}
_PERMITS: dict[Guard, Permission] = {}
