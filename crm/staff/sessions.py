"""Browsers that signed in: started, found, renewed and ended.

Promises that a cookie is worth nothing once its session ended, idled or ran its time, that only its hash is kept, and that somebody who was
disabled is nobody from that moment on. What may be done with a session is for `crm.access` to say.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from crm import vault
from crm.database import current, insert, reaching
from crm.ids import uuid7
from crm.roles import MAY, ROLES, Actor
from crm.settings import settings
from crm.tables import StaffSession

# `password` until the second factor came: such a session opens no page.
Step = Literal["password", "full"]

LASTS = timedelta(hours=12)
# To find the telephone and type six digits.
HALF_WAY = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=1)
# When and from where somebody was signed in is asked for soon or never; what they did stays in the history.
KEPT_FOR = timedelta(days=90)
BROWSER_CHARACTERS = 160
# Whoever may open a phone number is asked again after a while; a store's telephone at the wall is not.
IDLES = tuple(role for role in ROLES if "people.reveal" in MAY[role])

_FOUND = """
select session.id as session, session.seen_at, staff.id, login, name, role, brand, region, dealer,
       language, theme, time_zone, shortcuts
from staff_session as session join staff on staff.id = session.staff
where session.hash = {} and step = {} and ended_at is null and disabled_at is null
      and expires_at > {} and (role <> all({}) or seen_at > {})
"""


class Session(msgspec.Struct, frozen=True):
    """One browser, as its owner sees it in the list."""

    id: UUID
    browser: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


async def start(staff: int, *, step: Step, browser: str, at: datetime) -> str:
    """The cookie of a new session; the only moment at which it can be read."""
    lasts = LASTS if step == "full" else HALF_WAY
    return await _begin(staff, step=step, browser=browser, at=at, expires_at=at + lasts)


async def find(token: str, *, at: datetime, step: Step = "full") -> Actor | None:
    """Whose live session this is, with role and limits of this moment; None for every other text alike. Marks it as seen once a minute."""
    with reaching():
        found = await StaffSession.raw(_FOUND, _hash(token), step, at, list(IDLES), at - idle())
        if not found:
            return None
        row = found[0]
        if at - row["seen_at"] > SEEN_EVERY:
            await touch(row["session"], at=at)
    return _actor(row)


async def touch(session: UUID, *, at: datetime) -> None:
    """Somebody is still there."""
    await StaffSession.update({StaffSession.seen_at: at}).where(StaffSession.id == session)


async def rotate(actor: Actor, *, at: datetime) -> str:
    """Another cookie for the same browser, because what it may do changed (a new password, say); the old one is worthless, its end stays."""
    await end(actor.session, staff=actor.id, why="renewed", at=at)
    [old] = await current().fetch("select browser, expires_at from staff_session where id = $1", actor.session)
    return await _begin(actor.id, step="full", browser=old["browser"], at=at, expires_at=old["expires_at"])


async def end(session: UUID, *, staff: int, why: str, at: datetime) -> bool:
    """Sign one browser of theirs out; False when it is not theirs or over already."""
    ended = await current().fetchval(
        "update staff_session set ended_at = $3, ended_why = $4 where id = $1 and staff = $2 and ended_at is null returning id",
        session,
        staff,
        at,
        why,
    )
    return ended is not None


async def end_all(staff: int, *, why: str, at: datetime, but: UUID | None = None) -> int:
    """Sign them out everywhere, `but` in one browser; answers in how many."""
    ended = await current().fetch(
        """
        update staff_session set ended_at = $3, ended_why = $4
        where staff = $1 and id is distinct from $2 and ended_at is null
        returning id
        """,
        staff,
        but,
        at,
        why,
    )
    return len(ended)


async def leave(token: str | None, *, at: datetime) -> None:
    """Whatever session this browser brought along ends before another begins: nobody can plant one and wait for it to be worth more."""
    await current().execute(
        "update staff_session set ended_at = $2, ended_why = 'replaced' where hash = $1 and ended_at is null",
        _hash(token or ""),
        at,
    )


async def list_of(staff: int, *, at: datetime) -> list[Session]:
    """Their live browsers, the one used last first."""
    rows = await current().fetch(
        """
        select session.id, browser, session.created_at, seen_at, expires_at
        from staff_session as session join staff on staff.id = session.staff
        where session.staff = $1 and step = 'full' and ended_at is null and expires_at > $2
              and (role <> all($3) or seen_at > $4)
        order by seen_at desc, session.id
        """,
        staff,
        at,
        list(IDLES),
        at - idle(),
    )
    return [Session(*row) for row in rows]


async def forget(*, at: datetime, limit: int = 1000) -> int:
    """Delete at most so many sessions whose time ran out long ago, the oldest first; answers how many went."""
    gone = await current().fetch(
        """
        delete from staff_session
        where id in (select id from staff_session where expires_at < $1 order by expires_at limit $2 for update skip locked)
        returning id
        """,
        at - KEPT_FOR,
        limit,
    )
    return len(gone)


def csrf_token(session: UUID) -> str:
    """What every form of this session carries, and nobody else can know."""
    return vault.match_key("csrf", session.hex).hex()


def idle() -> timedelta:
    """After this time without a request, whoever may reveal contact details signs in again."""
    return timedelta(minutes=settings().idle_minutes)


def idle_of(actor: Actor) -> timedelta | None:
    """After how long without a request they sign in again; None when only the end of the day does that."""
    return idle() if actor.role in IDLES else None


async def _begin(staff: int, *, step: Step, browser: str, at: datetime, expires_at: datetime) -> str:
    token = secrets.token_urlsafe(32)
    row = StaffSession(
        id=uuid7(at),
        hash=_hash(token),
        staff=staff,
        step=step,
        browser=browser[:BROWSER_CHARACTERS],
        created_at=at,
        seen_at=at,
        expires_at=expires_at,
    )
    await insert([row])
    return token


def _actor(row: dict[str, Any]) -> Actor:
    return msgspec.convert({name: value for name, value in row.items() if name != "seen_at"}, Actor)


def _hash(token: str) -> bytes:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(token.encode()).digest()
