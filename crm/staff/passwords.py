"""Passwords of staff: made hard to guess, kept as Argon2id, and checked in the same time whether or not anybody has that login.

Promises that hashing neither holds up the event loop nor a transaction: call it between them. Refuses passwords that a list would find.
"""

import asyncio
import functools
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from crm.errors import Fault, Invalid
from crm.languages import say

# RFC 9106's second choice with 64 MiB, argon2-cffi's own default; older parameters are renewed at the next sign-in.
HASHER = PasswordHasher()
SHORTEST, LONGEST = 10, 200
FEWEST_SIGNS = 5
# Without what is mistaken when read aloud or from paper.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


async def make(password: str) -> str:
    """What is kept of a password."""
    return await asyncio.to_thread(HASHER.hash, _same(password))


async def fits(kept: str | None, password: str) -> bool:
    """Whether this is the password; where there is none to compare with, as much work is done for a no."""
    if kept is None:
        await asyncio.to_thread(_verify, await asyncio.to_thread(_nobodys), _same(password))
        return False
    return await asyncio.to_thread(_verify, kept, _same(password))


def is_outdated(kept: str) -> bool:
    """Whether it was kept with weaker parameters than today's."""
    return HASHER.check_needs_rehash(kept)


def invent() -> str:
    """A password to hand over once: 78 random bits in groups that can be read aloud."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


def refuse_weak(password: str, *, login: str) -> None:
    """Refuse what is short, made of few signs, or the login again."""
    typed = _same(password)
    name = login.partition("@")[0]
    if not SHORTEST <= len(typed) <= LONGEST:
        why = say("Use %(shortest)s to %(longest)s characters.") % {"shortest": SHORTEST, "longest": LONGEST}
    elif len(set(typed)) < FEWEST_SIGNS:
        why = say("Use at least %(count)s different characters.") % {"count": FEWEST_SIGNS}
    elif len(name) > 2 and name in typed.lower():  # noqa: PLR2004 - a login of two letters is in many words
        why = say("Leave your login out of it.")
    else:
        return
    raise Invalid(errors=[Fault(path="password", message=why)])


def _verify(kept: str, typed: str) -> bool:
    try:
        return HASHER.verify(kept, typed)
    except (VerifyMismatchError, InvalidHashError):
        return False


@functools.cache
def _nobodys() -> str:
    return HASHER.hash(secrets.token_urlsafe())


def _same(password: str) -> str:
    # One password typed on two keyboards (full-width, composed) stays one.
    return unicodedata.normalize("NFKC", password)
