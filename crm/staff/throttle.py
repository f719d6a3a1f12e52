"""How often a sign-in may be tried: counted in the database, by login and by address, for all processes together.

Promises that only failures count, that guessing from elsewhere cannot lock anybody out of an address they signed in from before, and that
many tries at once count like many in a row: each is written down as failed before it is looked at.
"""

import math
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from crm import vault
from crm.database import current, lock_stripes
from crm.errors import Refused

LOCKS = 0x6D_71_74_72
WINDOW = timedelta(minutes=15)
# Somebody who signed in from an address is known there for so long; then the tries themselves are forgotten.
KNOWN_FOR = timedelta(days=60)

By = Literal["both", "login", "address"]
LIMITS: dict[By, int] = {"both": 5, "login": 10, "address": 20}

# The try before which a further one would be too many: the limit-th latest failure of each kind.
_FULL = """
select kind, at from (
    (select 'both' as kind, at from sign_in_attempt
     where login_key = $1 and address_key = $2 and at > $3 and not succeeded order by at desc offset $4 - 1 limit 1)
    union all
    (select 'login', at from sign_in_attempt
     where login_key = $1 and at > $3 and not succeeded order by at desc offset $5 - 1 limit 1)
    union all
    (select 'address', at from sign_in_attempt
     where address_key = $2 and at > $3 and not succeeded order by at desc offset $6 - 1 limit 1)
) as reached
where kind = 'both' or not exists (
    select from sign_in_attempt where login_key = $1 and address_key = $2 and at > $7 and succeeded
)
order by at desc
"""

# Whoever signs in at this moment writes rows of now: an old one that is locked is about to go by another hand.
_FORGET = """
delete from sign_in_attempt
where id in (select id from sign_in_attempt where at < $1 order by at limit $2 for update skip locked)
returning id
"""


class TooManyTries(Refused):
    status = 429
    sentence = "Too many tries did not fit. Please wait {minutes} min, then try again."

    @property
    def retry_after(self) -> int:
        """Seconds until it may be tried again."""
        minutes: int = self.facts["minutes"]  # type: ignore[assignment]
        return minutes * 60


class Try(msgspec.Struct, frozen=True):
    """One try, counted as failed until `succeed` or `forgive`; `left` more may fail before this address waits for this login."""

    id: int
    login_key: bytes
    address_key: bytes
    left: int


async def begin(login: str, *, address: str, at: datetime) -> Try:
    """Count one more try; refuses when there were too many."""
    login_key, address_key = vault.match_key("login", login), vault.match_key("address", address)
    await lock_stripes(LOCKS, [login_key.hex(), address_key.hex()])
    await _refuse_too_many(login_key, address_key, at=at)
    await current().execute(
        "delete from sign_in_attempt where address_key = $1 and at < $2", address_key, at - KNOWN_FOR
    )
    number = await current().fetchval(
        "insert into sign_in_attempt (login_key, address_key, at, succeeded) values ($1, $2, $3, false) returning id",
        login_key,
        address_key,
        at,
    )
    failed = await current().fetchval(
        """
        select count(*) from sign_in_attempt
        where login_key = $1 and address_key = $2 and at > $3 and not succeeded
        """,
        login_key,
        address_key,
        at - WINDOW,
    )
    return Try(number, login_key, address_key, LIMITS["both"] - failed)


async def succeed(tried: Try) -> None:
    """This try came through: the address is known for this login from now on."""
    await current().execute("update sign_in_attempt set succeeded = true where id = $1", tried.id)


async def forgive(tried: Try) -> None:
    """This try neither failed nor came through: there is another step to go."""
    await current().execute("delete from sign_in_attempt where id = $1", tried.id)


async def forget(*, at: datetime, limit: int = 1000) -> int:
    """Delete at most so many tries that nobody is known or refused by any more, the oldest first; answers how many went."""
    gone = await current().fetch(_FORGET, at - KNOWN_FOR, limit)
    return len(gone)


async def _refuse_too_many(login_key: bytes, address_key: bytes, *, at: datetime) -> None:
    reached = await current().fetch(
        _FULL, login_key, address_key, at - WINDOW, LIMITS["both"], LIMITS["login"], LIMITS["address"], at - KNOWN_FOR
    )
    if reached:
        waits = reached[0]["at"] + WINDOW - at
        raise TooManyTries(minutes=math.ceil(waits.total_seconds() / 60))
