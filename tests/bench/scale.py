"""The staff pages at full size: a crowd of a million leads, then every list, search, queue and person page asked many times.

Run by `make scale` (LEADS=, PEOPLE=): makes the crowd once in a data folder of its own, then measures. Promises figures of this run beside
their limits and a failing exit when one is over; refuses a database that holds leads which it did not make.
"""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from crm import database
from crm.settings import settings
from tests.bench import browser, crowd, pages, traces
from tests.browser import stage

ROOT = Path(__file__).parents[2]
STORES = ROOT / "crm" / "data" / "stores.csv"
SEED = 20251209
PROCESSES = 2
PATTERN = 60  # so many people in a row have the same leads again
# Filled after the crowd, by what work leaves behind.
FILLED = (*crowd.TABLES, "disposition", "history_entry")

INDEXES = """
select indexname, tablename, indexdef from pg_indexes
where schemaname = 'public' and tablename = any($1) and indexname not in (select conname from pg_constraint)
"""


async def load(leads: int, people: int) -> None:
    """Make the crowd: prepare, drop what would slow the pouring, pour with several processes, index, analyse."""
    database.start()
    await database.migrate()
    await database.open_pool()
    await _reference_data()
    began, at = time.monotonic(), datetime.now(UTC)
    await crowd.prepare(STORES, at=at)
    async with database.transaction() as connection:
        dropped = await connection.fetch(INDEXES, list(FILLED))
        for index in dropped:
            await connection.execute(f'drop index "{index["indexname"]}"')
    _say(f"prepared in {time.monotonic() - began:.0f} s; pouring {leads:,} leads of {people:,} people")
    share = people // PROCESSES
    parts = [
        (number * share, people if number == PROCESSES - 1 else (number + 1) * share) for number in range(PROCESSES)
    ]
    pouring = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.bench.scale",
            "pour",
            str(leads),
            str(people),
            str(first),
            str(last),
            at.isoformat(),
        )
        for first, last in parts
    ]
    codes = [await one.wait() for one in pouring]
    if any(codes):
        raise RuntimeError("Pouring failed; see above.")
    await traces.leave(at=at)
    _say(f"poured after {time.monotonic() - began:.0f} s; indexing")
    async with database.transaction() as connection:
        await connection.execute("set local maintenance_work_mem = '512MB'")
        for index in dropped:
            await connection.execute(index["indexdef"])
    await traces.settle()
    async with database.transaction() as connection:
        counts = [
            await connection.fetchval(f"select count(*) from {table}") for table in ("lead", "person", "interest")
        ]
    _say("{:,} leads, {:,} people, {:,} interests".format(*counts) + f" after {time.monotonic() - began:.0f} s")
    await database.close_pool()
    _mark().touch()


def measure() -> int:
    """Print what the pages took, and where there is a browser what it got; 1 when anything is over its limit."""
    database.start()
    over = asyncio.run(pages.measure())
    if stage.CHROMIUM is None:
        _say(stage.WHY_NOT)
        return over
    token = asyncio.run(pages.token("alliance"))
    return browser.measured(dict(os.environ), token) or over


async def pour(first: int, last: int, *, each: Sequence[int], end: datetime) -> None:
    """One process's part of the crowd."""
    await database.open_pool()
    on = await crowd.ground(at=end)
    await database.close_pool()
    await crowd.pour(on, people=range(first, last), leads_each=each, seed=SEED)


async def _reference_data() -> None:
    import app

    await app.write_reference_data()


def leads_each(leads: int, people: int) -> tuple[int, ...]:
    """How many leads each of so many people in a row has: one, and few of them most of what is left."""
    counts, chance = [1] * PATTERN, Random(SEED)
    for _ in range(round(PATTERN * leads / people) - PATTERN):
        counts[int(PATTERN * chance.random() ** 2)] += 1
    return tuple(counts)


def _mark() -> Path:
    # Made at the end: what was broken off half-way is not measured.
    return settings().data / "crowd"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(words: list[str]) -> int:
    """`make LEADS PEOPLE` unless it was made, `pour LEADS PEOPLE FIRST LAST END` or `measure`."""
    match words:
        case ["make", leads, people]:
            if not _mark().exists():
                asyncio.run(load(int(leads), int(people)))
        case ["pour", leads, people, first, last, end]:
            each = leads_each(int(leads), int(people))
            asyncio.run(pour(int(first), int(last), each=each, end=datetime.fromisoformat(end)))
        case ["measure"]:
            return measure()
        case _:
            _say("usage: python -m tests.bench.scale make LEADS PEOPLE | measure")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
