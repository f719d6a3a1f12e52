"""The way in: a login with its password, then the second factor where there is one, then a session.

Promises that a login nobody has is treated like a wrong password, in the same time, and that whatever session the browser held before is
worth nothing afterwards. Every sign-in and every burst of failures is in the history, without the login that was typed.
"""

from datetime import datetime

import msgspec

from crm import history
from crm.database import current
from crm.errors import Refused
from crm.roles import Actor
from crm.staff import second_factor, sessions, throttle
from crm.staff.throttle import Try


class ChangedJustNow(Refused):
    sentence = "Your sign-in was changed just now. Please try again."


class Knock(msgspec.Struct, frozen=True):
    """Somebody typed a login: who that is (None for nobody who may come in), and what their password is compared with."""

    tried: Try
    staff: int | None
    password_hash: str | None
    has_second_factor: bool


async def knock(login: str, *, address: str, at: datetime) -> Knock:
    """Count a try and look who it is; the password is compared between this transaction and the next. Refuses too many tries."""
    login = login.strip().lower()
    tried = await throttle.begin(login, address=address, at=at)
    rows = await current().fetch(
        """
        select id, password_hash, totp_confirmed_at is not null as has_second_factor
        from staff where login = $1 and disabled_at is null
        """,
        login,
    )
    return Knock(tried, *rows[0]) if rows else Knock(tried, None, None, has_second_factor=False)


async def let_in(knocked: Knock, *, former: str | None, browser: str, renewed_hash: str | None, at: datetime) -> str:
    """The password fits: a full session, or half of one until the second factor comes; answers its cookie."""
    staff = await _still_there(knocked, renewed_hash)
    await sessions.leave(former, at=at)
    if knocked.has_second_factor:
        await throttle.forgive(knocked.tried)
        return await sessions.start(staff, step="password", browser=browser, at=at)
    await throttle.succeed(knocked.tried)
    return await _enter(staff, browser=browser, at=at, by="password")


async def turn_away(knocked: Knock, *, at: datetime) -> None:
    """The password does not fit: the try stays counted, and the last one before a wait is noted."""
    await _note_burst(knocked.staff, knocked.tried, at=at)


async def forgive(knocked: Knock) -> None:
    """The password fits and opens nothing here: the try does not count."""
    await throttle.forgive(knocked.tried)


async def prove(actor: Actor, typed: str, *, address: str, at: datetime) -> bool:
    """Whether somebody who is in still holds the telephone (or a recovery code). Refuses too many tries."""
    tried = await throttle.begin(actor.login, address=address, at=at)
    fits = await second_factor.use(actor.id, typed, at=at)
    if fits:
        await throttle.forgive(tried)
    else:
        await _note_burst(actor.id, tried, at=at)
    return fits


async def second(half: Actor, typed: str, *, address: str, browser: str, at: datetime) -> str | Try:
    """The cookie of a full session when the digits (or a recovery code) fit, else the try that failed. Refuses too many tries."""
    tried = await throttle.begin(half.login, address=address, at=at)
    if not await second_factor.use(half.id, typed, at=at):
        await _note_burst(half.id, tried, at=at)
        return tried
    await sessions.end(half.session, staff=half.id, why="renewed", at=at)
    await throttle.succeed(tried)
    return await _enter(half.id, browser=browser, at=at, by="second factor")


async def as_somebody(staff: int, *, former: str | None, browser: str, at: datetime) -> str:
    """A session without any proof; it is for the door to know that everything here is invented."""
    await sessions.leave(former, at=at)
    return await _enter(staff, browser=browser, at=at, by="demo")


async def sign_out(actor: Actor, *, at: datetime) -> None:
    """End the session in hand."""
    await sessions.end(actor.session, staff=actor.id, why="signed out", at=at)
    await history.note(actor.actor, "signed_out", "staff", actor.id, at=at)


async def _still_there(knocked: Knock, renewed_hash: str | None) -> int:
    # While the password was compared, somebody may have disabled them or given them another one.
    staff: int | None = await current().fetchval(
        """
        update staff set password_hash = coalesce($3, password_hash)
        where id = $1 and password_hash = $2 and disabled_at is null returning id
        """,
        knocked.staff,
        knocked.password_hash,
        renewed_hash,
    )
    if staff is None:
        raise ChangedJustNow
    return staff


async def _enter(staff: int, *, browser: str, at: datetime, by: str) -> str:
    await current().execute("update staff set last_sign_in_at = $2 where id = $1", staff, at)
    await history.note(f"staff:{staff}", "signed_in", "staff", staff, at=at, by=by)
    return await sessions.start(staff, step="full", browser=browser, at=at)


async def _note_burst(staff: int | None, tried: Try, *, at: datetime) -> None:
    if tried.left <= 0:
        await history.note(
            "system", "sign_in_blocked", "staff", staff or "unknown", at=at, tries=throttle.LIMITS["both"]
        )
