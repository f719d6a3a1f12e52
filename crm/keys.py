"""The keys of machines as staff see them: which there are, what they open, when they were last used, and their end.

Promises that a revoked key opens nothing from that moment on. The key itself is nowhere here: it was shown once, when it was made.
"""

from datetime import datetime

import msgspec

from crm import access, history
from crm.access import PrincipalKind
from crm.database import current
from crm.errors import NotThere

PAGE = 50

_SHOWN = """
select api_key.id, principal_kind as kind, coalesce(source.code, dealer.code) as code, prefix, scopes, created_at,
       expires_at, revoked_at, last_used_at
from api_key
left join source on principal_kind = 'source' and source.id = principal
left join dealer on principal_kind = 'dealer' and dealer.id = principal
"""


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


async def make(kind: PrincipalKind, code: str, *, actor: str, at: datetime) -> str:
    """A new key for a source (made when new) or a known dealer, noted in the history; the only moment at which it can be read."""
    key = await access.create_key(kind, code, at=at)
    await history.note(actor, "key_made", kind, code, at=at)
    return key


async def revoke(key: int, *, actor: str, at: datetime) -> Key:
    """Let it open nothing any more; doing it twice changes nothing. Refuses a number nobody has."""
    rows = await current().fetch(f"{_SHOWN} where api_key.id = $1 for update of api_key", key)
    if not rows:
        raise NotThere
    found = Key(*rows[0])
    if found.revoked_at is None:
        await current().execute("update api_key set revoked_at = $2 where id = $1", key, at)
        await history.note(actor, "key_revoked", found.kind, found.code, at=at, prefix=found.prefix)
    return found


async def newest(*, code: str | None = None, state: str = "live", before: int | None = None) -> list[Key]:
    """Keys, newest first, a page and one more; `state` is live, revoked or all, `code` that of one source or dealer."""
    statement = f"""
        {_SHOWN}
        where ($2::bigint is null or api_key.id < $2) and ($1::text is null or coalesce(source.code, dealer.code) = $1)
              and ($3 = 'all' or ($3 = 'revoked') = (revoked_at is not null))
        order by api_key.id desc limit $4
    """
    rows = await current().fetch(statement, code, before, state, PAGE + 1)
    return [Key(*row) for row in rows]
