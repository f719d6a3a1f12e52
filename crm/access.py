"""Who is calling, and what may they do: keys of machines, staff who signed in, and guards on routes.

Promises that a key is shown once and kept only as a hash, that a route without a declared guard does not start, and that what belongs to
somebody else is answered exactly like what does not exist. Refuses a write by staff that no page of ours sent.
"""

import hashlib
import hmac
import re
import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import asyncpg
import msgspec
from litestar import Litestar, Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.types import Guard

from crm import limits, origin
from crm.database import at_once, current, lock_stripes, statement
from crm.errors import Fault, Invalid, NotAllowed, NotKnown, Refused, SignInNeeded
from crm.limits import Allowance, Limit
from crm.origin import Address
from crm.roles import Actor, Permission
from crm.settings import settings
from crm.staff import sessions
from crm.tables import ApiKey, Dealer
from crm.together import Together

PrincipalKind = Literal["source", "dealer"]

SCOPES: dict[PrincipalKind, frozenset[str]] = {
    "source": frozenset({"leads", "consents", "events"}),
    "dealer": frozenset({"inbox"}),
}
SEEN_EVERY = timedelta(minutes=1)
SOURCE_CODE = re.compile(r"[\w.-]{1,40}")

MOST_LIVING = 2
KEYS = 0x6D_71_6B_79  # "mqky": the stripes of those whose keys are being made

_SEEN = """
update api_key set last_used_at = $2
where id = (
    select id from api_key where id = $1 and (last_used_at is null or last_used_at < $3) for no key update skip locked
)
"""
# Those made before there were slots count as well, in none of them.
_LIVING = """
select prefix, slot from api_key
where principal_kind = $1 and principal = $2 and revoked_at is null and (expires_at is null or expires_at > $3)
order by id
"""

READING = ("GET", "HEAD", "OPTIONS")
CSRF_HEADER, CSRF_FIELD = "x-csrf-token", "_csrf"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


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


class NotFromHere(Refused):
    status = 403
    sentence = "This key may not be used from your address. Ask an administrator of the alliance to allow its network."


class TwoKeysLive(Refused):
    sentence = "{code} has two keys that open already ({prefixes}). Revoke one of them, then make another."


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


class Knock(msgspec.Struct, frozen=True):
    """Somebody with a key, known by its hash, and where they ask from."""

    hash: bytes
    address: Address | None


class Admitted(msgspec.Struct, frozen=True):
    """Who came in by which key, and what is left of its limit; no allowance where nothing is counted."""

    key: int
    principal: Principal
    allowance: Allowance | None


class Terms(msgspec.Struct, frozen=True):
    """How a key may be used: until when, from which networks (any, when none is named), how often (as usual, when not said)."""

    expires_at: datetime | None = None
    allowed_from: tuple[str, ...] = ()
    limit: Limit | None = None


_AS_USUAL = Terms()


async def make_source(code: str, *, kind: str) -> int:
    """The id of a source, made when it is new; an existing one keeps its kind. Refuses what is no code."""
    if not SOURCE_CODE.fullmatch(code):
        raise Invalid(errors=[Fault(path="source", message="A code is 1 to 40 letters, digits, dots or dashes.")])
    await current().execute(
        "insert into source (code, kind, test) values ($1, $2, false) on conflict (code) do nothing", code, kind
    )
    found: int = await current().fetchval("select id from source where code = $1", code)
    return found


async def create_key(
    kind: PrincipalKind,
    code: str,
    *,
    at: datetime,
    scopes: Collection[str] | None = None,
    terms: Terms = _AS_USUAL,
    actor: str | None = None,
) -> str:
    """A new key for a source (made when new) or a known dealer; the only moment at which it can be read.

    Refuses unknown dealers, and a third key beside two living ones: whoever changes keys makes the second, moves over to it, and
    revokes the first. Without `scopes` it opens all that its kind may.
    """
    principal = await make_source(code, kind="api") if kind == "source" else await _dealer(code)
    slot = await _free_slot(kind, principal, code, at=at)
    key = f"mq_{kind}_{secrets.token_urlsafe(32)}"
    await ApiKey(
        principal_kind=kind,
        principal=principal,
        hash=_hash(key),
        prefix=key[: len(f"mq_{kind}_") + 4],
        scopes=" ".join(sorted(SCOPES[kind] if scopes is None else SCOPES[kind] & set(scopes))),
        created_at=at,
        created_by=actor,
        slot=slot,
        expires_at=terms.expires_at,
        allowed_from=list(terms.allowed_from) or None,
        limit_requests=terms.limit.requests if terms.limit else None,
        limit_seconds=terms.limit.seconds if terms.limit else None,
    ).save()
    return key


async def authenticate(key: str, *, at: datetime, address: Address | None = None) -> Admitted:
    """Who a living key lets in, one more use of it counted; refuses every other text alike, and a key that is used from elsewhere."""
    [answer] = await _let_in([Knock(_hash(key), address)], at=at)
    if isinstance(answer, Refused):
        raise answer
    return answer


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
    admitted = await _AT_THE_DOOR.ask(Knock(_hash(key.strip()), origin.caller(connection)))
    # Before anything is refused: every answer to a key tells its allowance (crm/api/allowances.py).
    connection.state.principal, connection.state.allowance = admitted.principal, admitted.allowance
    limits.refuse_too_many(admitted.allowance, at=datetime.now(UTC))
    return admitted.principal


async def _let_in(knocks: Sequence[Knock], *, at: datetime) -> list[Admitted | Refused]:
    """Everybody who knocked, in their order, by one statement."""
    times, kinds, usual = Counter(knocks), list(limits.USUAL), list(limits.USUAL.values())
    rows = await at_once(
        statement("crm", "let_in"),
        [knock.hash for knock in times],
        [knock.address for knock in times],
        list(times.values()),
        at,
        settings().rate_limits,
        kinds,
        [limit.requests for limit in usual],
        [limit.seconds for limit in usual],
    )
    known = {Knock(row["hash"], row["address"]): row for row in rows}
    used = Counter({row["id"]: row["used"] for row in rows if row["used"] is not None})
    answers = [_answer(known.get(knock), used) for knock in knocks]
    await _note_seen(rows, at=at)
    return answers


def _answer(row: asyncpg.Record | None, used: Counter[int]) -> Admitted | Refused:
    """For one of them; `used` is what each key's window had counted before it, and counts on."""
    if row is None:
        return SignInNeeded()
    if not row["is_from_there"]:
        return NotFromHere()
    principal = Principal(row["principal_kind"], row["principal"], row["code"], frozenset(row["scopes"].split()))
    return Admitted(row["id"], principal, _allowance(row, used) if settings().rate_limits else None)


def _allowance(row: asyncpg.Record, used: Counter[int]) -> Allowance:
    used[row["id"]] += 1
    left = row["requests"] - used[row["id"]]
    is_over = row["used"] is None or left < 0
    return Allowance(Limit(row["requests"], row["seconds"]), None if is_over else left, row["ends_at"])


async def _note_seen(rows: Sequence[asyncpg.Record], *, at: datetime) -> None:
    for row in rows:
        if row["is_from_there"] and (row["last_used_at"] is None or at - row["last_used_at"] > SEEN_EVERY):
            # Once a minute, and of many requests at once by one: the others do not wait for its commit.
            await at_once(_SEEN, row["id"], at, at - SEEN_EVERY)


async def _let_in_now(knocks: Sequence[Knock]) -> list[Admitted | Refused]:
    return await _let_in(knocks, at=datetime.now(UTC))


# Hundreds knock at the same moment on a launch night: they are let in together.
_AT_THE_DOOR: Together[Knock, Admitted] = Together(_let_in_now, at_once=200, waiting=2000)


async def _free_slot(kind: PrincipalKind, principal: int, code: str, *, at: datetime) -> int:
    await lock_stripes(KEYS, [f"{kind}:{principal}"])
    # A key that came to its end leaves its place by itself.
    await current().execute(
        "update api_key set slot = null where principal_kind = $1 and principal = $2 and expires_at <= $3",
        kind,
        principal,
        at,
    )
    living = await current().fetch(_LIVING, kind, principal, at)
    if len(living) >= MOST_LIVING:
        raise TwoKeysLive(code=code, prefixes=", ".join(row["prefix"] for row in living))
    taken = {row["slot"] for row in living}
    return next(slot for slot in range(1, MOST_LIVING + 1) if slot not in taken)


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
