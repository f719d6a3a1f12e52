"""The keys of machines as staff see them: which there are, what they open, on what terms, when they were last used, and their end.

Promises that a revoked key opens nothing from that moment on, and that a source or dealer never has more than two that open. The key itself
is nowhere here: it was shown once, when it was made.
"""

import ipaddress
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from crm import access, history, limits
from crm.access import PrincipalKind, Terms
from crm.database import current
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.limits import Limit

PAGE = 50
MOST_NETWORKS = 50
ENDS_SOON = timedelta(days=14)

_SHOWN = """
select api_key.id, principal_kind as kind, coalesce(source.code, dealer.code) as code, prefix, scopes, created_at,
       expires_at, revoked_at, last_used_at, allowed_from, limit_requests, limit_seconds
from api_key
left join source on principal_kind = 'source' and source.id = principal
left join dealer on principal_kind = 'dealer' and dealer.id = principal
"""


class KeyEnded(Refused):
    sentence = "This key opens nothing any more. Make another one."


class Key(msgspec.Struct, frozen=True):
    """A key by its beginning."""

    id: int
    kind: PrincipalKind
    code: str
    prefix: str
    scopes: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    allowed_from: tuple[str, ...]
    own_limit: Limit | None

    @property
    def limit(self) -> Limit:
        """How often it may ask, be that its own limit or the usual one of its kind."""
        return self.own_limit or limits.USUAL[self.kind]

    def has_ended(self, at: datetime) -> bool:
        """Whether it opens nothing any more."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= at)


async def make(
    kind: PrincipalKind,
    code: str,
    *,
    actor: str,
    at: datetime,
    scopes: Collection[str] | None = None,
    terms: Terms | None = None,
) -> str:
    """A new key for a source (made when new) or a known dealer, noted in the history; the only moment at which it can be read.

    Refuses terms that make no sense, a key that would open nothing, and a third one beside two that open.
    """
    terms = _usable(terms or Terms(), at=at)
    if scopes is not None and not set(scopes) & access.SCOPES[kind]:
        raise Invalid(errors=[Fault(path="scopes", message="Choose at least one thing that it opens.")])
    key = await access.create_key(kind, code, at=at, scopes=scopes, terms=terms, actor=actor)
    await history.note(actor, "key_made", kind, code, at=at)
    return key


async def change(key: int, terms: Terms, *, actor: str, at: datetime) -> Key:
    """Let it be used on other terms from now on. Refuses a key that has ended: its place may be another's by now."""
    terms, found = _usable(terms, at=at), await _locked(key)
    if found.has_ended(at):
        raise KeyEnded
    limit = terms.limit
    if terms != Terms(found.expires_at, found.allowed_from, found.own_limit):
        await current().execute(
            """
            update api_key set expires_at = $2, allowed_from = $3, limit_requests = $4, limit_seconds = $5 where id = $1
            """,
            key,
            terms.expires_at,
            list(terms.allowed_from) or None,
            limit.requests if limit else None,
            limit.seconds if limit else None,
        )
        await history.note(actor, "key_changed", found.kind, found.code, at=at, prefix=found.prefix)
    return await show(key)


async def revoke(key: int, *, actor: str, at: datetime) -> Key:
    """Let it open nothing any more; doing it twice changes nothing. Refuses a number nobody has."""
    found = await _locked(key)
    if found.revoked_at is None:
        await current().execute("update api_key set revoked_at = $2 where id = $1", key, at)
        await history.note(actor, "key_revoked", found.kind, found.code, at=at, prefix=found.prefix)
    return found


async def revoke_made_by(actor: str, *, at: datetime) -> None:
    """Let nothing that this actor made open any more, nor what nobody is known to have made: for one who cannot tell their keys apart."""
    await current().execute(
        "update api_key set revoked_at = $2 where revoked_at is null and (created_by = $1 or created_by is null)",
        actor,
        at,
    )


async def show(key: int) -> Key:
    """One of them. Refuses a number nobody has."""
    return _only(await current().fetch(f"{_SHOWN} where api_key.id = $1", key))


async def newest(
    *, code: str | None = None, kind: PrincipalKind | None = None, state: str = "live", before: int | None = None
) -> list[Key]:
    """Keys, newest first, a page and one more; `state` is live (also when their time is over), revoked or all, `code` that of one principal."""
    statement = f"""
        {_SHOWN}
        where ($2::bigint is null or api_key.id < $2) and ($1::text is null or coalesce(source.code, dealer.code) = $1)
              and ($3 = 'all' or ($3 = 'revoked') = (revoked_at is not null)) and ($5::text is null or principal_kind = $5)
        order by api_key.id desc limit $4
    """
    rows = await current().fetch(statement, code, before, state, PAGE + 1, kind)
    return [_key(row) for row in rows]


async def ending_soon(*, at: datetime) -> list[Key]:
    """Keys that were used and will open nothing in two weeks, though their owner has no other one by then; the first to end first."""
    rows = await current().fetch(
        f"""
        {_SHOWN}
        where revoked_at is null and last_used_at is not null and expires_at > $1 and expires_at <= $2 and not exists (
            select from api_key as other
            where other.principal_kind = api_key.principal_kind and other.principal = api_key.principal
                  and other.revoked_at is null and (other.expires_at is null or other.expires_at > $2)
        )
        order by expires_at, api_key.id limit $3
        """,
        at,
        at + ENDS_SOON,
        PAGE,
    )
    return [_key(row) for row in rows]


async def _locked(key: int) -> Key:
    return _only(await current().fetch(f"{_SHOWN} where api_key.id = $1 for update of api_key", key))


def _usable(terms: Terms, *, at: datetime) -> Terms:
    """The same terms, their networks in one canonical form; refuses what could never be kept."""
    if terms.limit is not None:
        limits.refuse_unusable(terms.limit)
    if terms.expires_at is not None and terms.expires_at <= at:
        raise Invalid(errors=[Fault(path="expires_at", message="This is over already; to end a key now, revoke it.")])
    return msgspec.structs.replace(terms, allowed_from=_networks(terms.allowed_from))


def _networks(typed: Sequence[str]) -> tuple[str, ...]:
    try:
        networks = dict.fromkeys(str(ipaddress.ip_network(one)) for one in typed)
    except ValueError:
        # Also for 10.1.2.3/8: one address was meant, or a network, and the two differ by sixteen million.
        raise Invalid(
            errors=[
                Fault(
                    path="allowed_from",
                    message="Write networks like 203.0.113.0/24 or 2001:db8::/32, or single addresses.",
                )
            ]
        ) from None
    if len(networks) > MOST_NETWORKS:
        raise Invalid(errors=[Fault(path="allowed_from", message="At most 50 networks, please.")])
    return tuple(networks)


def _only(rows: Sequence[Any]) -> Key:
    if not rows:
        raise NotThere
    return _key(rows[0])


def _key(row: Any) -> Key:
    facts = dict(row)
    requests, seconds = facts.pop("limit_requests"), facts.pop("limit_seconds")
    networks = tuple(map(str, facts.pop("allowed_from") or ()))
    return Key(**facts, allowed_from=networks, own_limit=None if requests is None else Limit(requests, seconds))
