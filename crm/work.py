"""Background work, the one way it is done: rows that are due are claimed and handled in one transaction, by as many workers as there are.

A claim is the row lock itself (`for update skip locked`): when a worker dies, PostgreSQL lets go of what it held, and the next one finds
the rows still due. Promises that a bad row delays only itself: it is tried again ever later and in the end set aside for people to see.
Work that leaves the database holds its rows by a lease as well (campaigns/invitations/sending.py), and keeps no other work waiting.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import structlog

from crm.database import AWAY, DB, DatabaseAway, transaction
from crm.history import CHANGES

Row = asyncpg.Record
log = structlog.get_logger()

BATCH = 100
IDLE_SECONDS = 0.5
MOST_ATTEMPTS = 10
LONGEST_WAIT = timedelta(hours=1)


class Job(msgspec.Struct, frozen=True):
    """A kind of background work: `advance` does one batch at a moment and says how many rows it handled.

    `is_apart`: it waits for somebody outside of the house, and does so beside the other jobs of its worker.
    """

    name: str
    advance: Callable[[datetime], Awaitable[int]]
    is_apart: bool = False


async def drain(
    claim: Callable[[int], Awaitable[Sequence[Row]]],
    handle: Callable[[Sequence[Row]], Awaitable[None]],
    postpone: Callable[[Row, timedelta | None], Awaitable[None]],
    *,
    limit: int = BATCH,
) -> int:
    """Claim and handle up to `limit` due rows in one transaction; when that fails, one by one, so that the bad one stands alone.

    `postpone` gets the row and how long it shall wait, or None when it was tried often enough.
    """
    try:
        async with transaction():
            rows = await claim(limit)
            await handle(rows)
        return len(rows)
    except (DatabaseAway, *AWAY):
        raise
    except Exception:
        log.warning("batch_failed", exc_info=True)
    return await _one_by_one(claim, handle, postpone, limit=limit)


async def run(jobs: Sequence[Job], *, stop: asyncio.Event) -> None:
    """Work until told to stop, woken by hints and at the latest every half second; finishes the batches in hand."""
    beside = [[job] for job in jobs if job.is_apart]
    together = [job for job in jobs if not job.is_apart]
    await asyncio.gather(*(_work(some, stop=stop) for some in (together, *beside) if some))


async def until_idle(jobs: Sequence[Job], *, at: datetime) -> int:
    """Do everything that is due at a moment, and say how many rows that was; for demos, tests and one-off commands."""
    total = 0
    while done := sum([await job.advance(at) for job in jobs]):
        total += done
    return total


def backoff(attempts: int) -> timedelta | None:
    """How long a row waits after this many failures: doubling from a second, up to an hour, with jitter; None when it was enough."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return min(timedelta(seconds=2**attempts), LONGEST_WAIT) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load only


async def _work(jobs: Sequence[Job], *, stop: asyncio.Event) -> None:
    ear = _Ear()
    try:
        while not stop.is_set():
            await ear.listen()
            worked = [await _try(job) for job in jobs]
            if not any(worked):
                await _rest(ear.heard, stop)
    finally:
        await ear.close()


async def _one_by_one(
    claim: Callable[[int], Awaitable[Sequence[Row]]],
    handle: Callable[[Sequence[Row]], Awaitable[None]],
    postpone: Callable[[Row, timedelta | None], Awaitable[None]],
    *,
    limit: int,
) -> int:
    for done in range(limit):
        async with transaction() as connection:
            rows = await claim(1)
            if not rows:
                return done
            try:
                # A savepoint: the row stays claimed while it is put off, or another worker could fail on it as well.
                async with connection.transaction():
                    await handle(rows)
            except (DatabaseAway, *AWAY):
                raise
            except Exception:
                log.exception("row_failed", row=str(rows[0]["id"]), attempts=rows[0]["attempts"] + 1)
                await postpone(rows[0], backoff(rows[0]["attempts"] + 1))
    return limit


async def _try(job: Job) -> bool:
    try:
        return await job.advance(datetime.now(UTC)) > 0
    except (DatabaseAway, *AWAY) as away:
        log.warning("database_away", job=job.name, error=type(away).__name__)
        await asyncio.sleep(1)
    except Exception:
        # A job that cannot even claim must not take the others with it; the log says which and why, the next round tries again.
        log.exception("job_failed", job=job.name)
        await asyncio.sleep(1)
    return False


async def _rest(wake: asyncio.Event, stop: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(wake.wait()), asyncio.ensure_future(stop.wait())]
    await asyncio.wait(waits, timeout=IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    wake.clear()


class _Ear:
    """Hears hints from the database. Without a connection the clock alone wakes us, and each round tries for a new one."""

    def __init__(self) -> None:
        self.heard = asyncio.Event()
        self._connection: asyncpg.Connection | None = None

    async def listen(self) -> None:
        if self._connection is not None and not self._connection.is_closed():
            return
        with contextlib.suppress(*AWAY, OSError):
            self._connection = await asyncpg.connect(DB.config["dsn"])
            await self._connection.add_listener(CHANGES, lambda *_: self.heard.set())

    async def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(*AWAY, OSError, asyncpg.InterfaceError):
                await self._connection.close()
