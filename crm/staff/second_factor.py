"""The second factor: set up by scanning, used once per time step, replaced by a recovery code once.

Promises that a secret is sealed, that recovery codes are shown once and kept as keyed digests, and that digits somebody looked at over a
shoulder open nothing a second time.
"""

import secrets
from datetime import datetime
from typing import Any

import msgspec

from crm import history, vault
from crm.database import current
from crm.errors import Refused
from crm.staff import passwords, totp

RECOVERY_CODES = 10


class NotTheseDigits(Refused):
    status = 422
    sentence = "These digits do not fit. Wait for the next ones, and see that the telephone's clock is right."


class NothingToConfirm(Refused):
    sentence = "There is nothing to confirm: begin with the QR code."


class Draft(msgspec.Struct, frozen=True):
    """A secret on its way into an authenticator."""

    secret: str
    picture: str


async def begin(staff: int) -> Draft:
    """A new secret, not in force until `confirm`; one in force is not touched and has to be dropped first."""
    login = await current().fetchval("select login from staff where id = $1 and totp_confirmed_at is null", staff)
    if login is None:
        raise NothingToConfirm
    secret = totp.new_secret()
    await current().execute("update staff set totp = $2 where id = $1", staff, vault.seal(secret, place=_place(staff)))
    return Draft(secret, totp.picture(secret, login=login))


async def draft(staff: int) -> Draft | None:
    """What waits to be confirmed, to be shown again when the digits were mistyped."""
    row = await _row(staff)
    if row["totp"] is None or row["totp_confirmed_at"] is not None:
        return None
    secret = vault.open_(row["totp"], place=_place(staff))
    return Draft(secret, totp.picture(secret, login=row["login"]))


async def confirm(staff: int, typed: str, *, at: datetime) -> list[str]:
    """Bring it into force with its first digits; answers the recovery codes, which can never be read again."""
    waiting = await draft(staff)
    if waiting is None:
        raise NothingToConfirm
    step = totp.step_of(waiting.secret, _digits(typed), at=at)
    if step is None:
        raise NotTheseDigits
    await current().execute(
        "update staff set totp_confirmed_at = $2, totp_step = $3, version = version + 1 where id = $1", staff, at, step
    )
    await history.note(f"staff:{staff}", "second_factor_set", "staff", staff, at=at)
    return await make_recovery_codes(staff)


async def use(staff: int, typed: str, *, at: datetime) -> bool:
    """Whether these are this moment's digits, or a recovery code; either is worth nothing afterwards."""
    digits = _digits(typed)
    if len(digits) == totp.DIGITS and digits.isdigit():
        return await _use_step(staff, digits, at=at)
    return await _use_recovery_code(staff, digits, at=at)


async def make_recovery_codes(staff: int) -> list[str]:
    """Ten new codes instead of those before; the only moment at which they can be read."""
    codes = sorted(_invented() for _ in range(RECOVERY_CODES))
    await current().execute("delete from recovery_code where staff = $1", staff)
    await current().execute(
        "insert into recovery_code (staff, hash) select $1, hash from unnest($2::bytea[]) as made (hash)",
        staff,
        [_hash(staff, one.replace("-", "")) for one in codes],
    )
    return codes


async def codes_left(staff: int) -> int:
    """How many recovery codes are unused."""
    left: int = await current().fetchval(
        "select count(*) from recovery_code where staff = $1 and used_at is null", staff
    )
    return left


async def drop(staff: int, *, actor: str, at: datetime) -> None:
    """Sign in by password alone again: the telephone is lost, or another one takes over."""
    await current().execute(
        "update staff set totp = null, totp_confirmed_at = null, version = version + 1 where id = $1", staff
    )
    await current().execute("delete from recovery_code where staff = $1", staff)
    await history.note(actor, "second_factor_dropped", "staff", staff, at=at)


async def _use_step(staff: int, digits: str, *, at: datetime) -> bool:
    row = await _row(staff)
    if row["totp"] is None or row["totp_confirmed_at"] is None:
        return False
    step = totp.step_of(vault.open_(row["totp"], place=_place(staff)), digits, at=at)
    if step is None:
        return False
    # Two who typed the same digits at once: the row decides which one was first.
    used = await current().fetchval(
        "update staff set totp_step = $2 where id = $1 and totp_step < $2 returning id", staff, step
    )
    return used is not None


async def _use_recovery_code(staff: int, typed: str, *, at: datetime) -> bool:
    used = await current().fetchval(
        "update recovery_code set used_at = $3 where staff = $1 and hash = $2 and used_at is null returning id",
        staff,
        _hash(staff, typed),
        at,
    )
    if used is not None:
        await history.note(f"staff:{staff}", "recovery_code_used", "staff", staff, at=at, left=await codes_left(staff))
    return used is not None


async def _row(staff: int) -> Any:
    [row] = await current().fetch("select login, totp, totp_confirmed_at from staff where id = $1", staff)
    return row


def _invented() -> str:
    letters = "".join(secrets.choice(passwords.ALPHABET) for _ in range(12))
    return "-".join(letters[at : at + 4] for at in (0, 4, 8))


def _digits(typed: str) -> str:
    return typed.replace(" ", "").replace("-", "").lower()


def _hash(staff: int, code: str) -> bytes:
    # 59 random bits and our key: nobody tries them all.
    return vault.match_key("recovery", code, namespace=str(staff))


def _place(staff: int) -> str:
    return f"staff|totp|{staff}"
