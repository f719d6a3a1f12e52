"""How often a key may ask: so many requests in each window of time, counted in the database for all processes together.

Promises that of any number of requests in one window, at however many doors, exactly as many pass as the limit says, and that every answer to
a key tells how many are left. Counts requests, not what is in them: a batch of five hundred leads is one, and is how many leads should come.
"""

import math
from datetime import datetime

import msgspec

from crm.database import current
from crm.errors import Fault, Invalid, Refused

MOST_REQUESTS = 10_000_000
LONGEST_SECONDS = 3600


class Limit(msgspec.Struct, frozen=True):
    """So many requests in each window of so many seconds."""

    requests: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.requests}/{self.seconds}"


# For keys without a limit of their own. A source may send 3,000 leads a second one by one, which is more than a small server takes in, and
# many times that in batches: a launch night does not trip. Dealers' systems ask less. Windows are short, so that whoever was
# too fast waits for seconds.
USUAL: dict[str, Limit] = {"source": Limit(30_000, 10), "dealer": Limit(1_200, 10)}


class TooManyRequests(Refused):
    status = 429
    sentence = "This key may send {requests} requests in {seconds} s, and has. Please send this one again in {wait} s."

    @property
    def retry_after(self) -> int:
        """Seconds until it may ask again."""
        wait: int = self.facts["wait"]  # type: ignore[assignment]
        return wait


class Allowance(msgspec.Struct, frozen=True):
    """What is left of a limit in its present window; `left` is None for the request that came after the last one."""

    limit: Limit
    left: int | None
    ends_at: datetime


def refuse_too_many(allowance: Allowance | None, *, at: datetime) -> None:
    """Refuse a request that came after the last one of its window; without an allowance nothing is counted."""
    if allowance is not None and allowance.left is None:
        limit = allowance.limit
        raise TooManyRequests(requests=limit.requests, seconds=limit.seconds, wait=max(1, _seconds(allowance, at=at)))


def told(allowance: Allowance, *, at: datetime) -> dict[str, str]:
    """The header fields that tell a program its limit and what is left (draft-ietf-httpapi-ratelimit-headers)."""
    limit = allowance.limit
    return {
        "RateLimit-Policy": f'"key";q={limit.requests};w={limit.seconds}',
        "RateLimit": f'"key";r={allowance.left or 0};t={_seconds(allowance, at=at)}',
    }


def read(typed: str) -> Limit:
    """The limit that somebody wrote as `600/10`: requests, and in how many seconds."""
    requests, _, seconds = typed.partition("/")
    if not (requests.isascii() and requests.isdigit() and seconds.isascii() and seconds.isdigit()):
        raise Invalid(errors=[Fault(path="limit", message="Write requests and seconds, like 600/10.")])
    limit = Limit(int(requests), int(seconds))
    refuse_unusable(limit)
    return limit


def refuse_unusable(limit: Limit) -> None:
    """Refuse a limit that lets nothing through, or whose window is longer than anybody would wait."""
    faults = []
    if not 1 <= limit.requests <= MOST_REQUESTS:
        faults.append(Fault(path="limit_requests", message="Between 1 and 10,000,000 requests, please."))
    if not 1 <= limit.seconds <= LONGEST_SECONDS:
        faults.append(Fault(path="limit_seconds", message="Between 1 second and an hour, please."))
    if faults:
        raise Invalid(errors=faults)


async def forget(*, at: datetime, limit: int = 1000) -> int:
    """Delete at most so many counts whose window is over; answers how many went."""
    gone = await current().fetch(
        """
        delete from key_use
        where (key, began_at) in (
            select key, began_at from key_use where ends_at < $1 order by key, began_at limit $2 for update skip locked
        )
        returning key
        """,
        at,
        limit,
    )
    return len(gone)


def _seconds(allowance: Allowance, *, at: datetime) -> int:
    return max(0, math.ceil((allowance.ends_at - at).total_seconds()))
