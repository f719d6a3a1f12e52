"""The staff pages asked many times over a big database: milliseconds per screen beside the limit of 150 at the 95th percentile.

Asks a real server over loopback with real sessions. A search is the form that people send and the page that it leads to, together. Beside
the time stands the work: milliseconds of processor that server and database spent on one request, which a busy machine does not change.
"""

import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

import httpx

from crm import database, staff
from crm.database import current, transaction
from crm.settings import settings
from crm.staff import Duty, sessions
from tests.bench import screens
from tests.bench.screens import Screen
from tests.whole import running
from tests.whole.running import House

LIMIT = 150.0  # milliseconds at p95
ROUNDS = int(os.environ.get("ROUNDS", "40"))
ONLY = os.environ.get("ONLY", "")
WARM = 3


class Figure(NamedTuple):
    """What a screen took in milliseconds, the work of server and database for one request, and how big its answer was."""

    name: str
    p50: float
    p95: float
    server: float
    base: float
    kilobytes: float
    faults: int


async def figures(log: Path) -> list[Figure]:
    """Ask every screen ROUNDS times and say what each took."""
    await database.open_pool()
    await screens.simulated()
    async with transaction():
        tokens = {name: await session(name, duty) for name, duty in (await screens.roles()).items()}
        asked = [one for one in await screens.screens() if ONLY in one.name]
    await database.close_pool()
    with running.serving(dict(os.environ), log=log) as house, ExitStack() as doors:
        clients = {name: doors.enter_context(_browser(house.url, *token)) for name, token in tokens.items()}
        return [_measure(screen, clients[screen.role], house) for screen in asked]


def told(found: Sequence[Figure]) -> str:
    """The figures as a table, what is over the limit marked; how busy the machine was stands above."""
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    lines = [
        f"load average {load} on {os.cpu_count()} processors; {ROUNDS} requests each; limit {LIMIT:.0f} ms at p95",
        f"{'screen':38} {'p50 ms':>8} {'p95 ms':>8} {'server cpu':>11} {'base cpu':>9} {'KB':>7}",
    ]
    lines += [
        f"{one.name:38} {one.p50:8.1f} {one.p95:8.1f} {one.server:11.1f} {one.base:9.1f} {one.kilobytes:7.1f}"
        f"{'  OVER' if one.p95 > LIMIT else ''}{f'  {one.faults} FAILED' if one.faults else ''}"
        for one in found
    ]
    return "\n".join(lines)


async def session(name: str, duty: Duty) -> tuple[str, str]:
    """Sign a colleague of this role in: the session's token and the token of its forms. To be called in a transaction."""
    at, login = datetime.now(UTC), f"bench.{name}"
    known = await current().fetchval("select id from staff where login = $1", login)
    if known is None:
        await staff.add(login, name=name, duty=duty, password_hash=None, actor="bench", at=at)
        known = await current().fetchval("select id from staff where login = $1", login)
    token = await sessions.start(known, step="full", browser="bench", at=at)
    started = await current().fetchval(
        "select id from staff_session where staff = $1 order by created_at desc limit 1", known
    )
    return token, sessions.csrf_token(started)


async def token(role: str) -> str:
    """The token of a new session of this role; opens the database for it alone."""
    await database.open_pool()
    async with transaction():
        made, _ = await session(role, (await screens.roles())[role])
    await database.close_pool()
    return made


def _browser(url: str, token: str, csrf: str) -> httpx.Client:
    headers = {"accept": "text/html", "accept-encoding": "gzip", "sec-fetch-site": "same-origin", "x-csrf-token": csrf}
    return httpx.Client(
        base_url=url, headers=headers, cookies={"marquee": token}, timeout=60, trust_env=False, follow_redirects=True
    )


def _measure(screen: Screen, browser: httpx.Client, house: House) -> Figure:
    for number in range(WARM):
        _ask(screen, number, browser)
    before, took, size, faults = _work(house), [], 0, 0
    for number in range(WARM, ROUNDS + WARM):
        began = time.perf_counter()
        answer = _ask(screen, number, browser)
        took.append((time.perf_counter() - began) * 1000)
        size = max(size, answer.num_bytes_downloaded)
        faults += answer.status_code != 200
    server, base = (
        (now - then) / ROUNDS / 1e6 if then else float("nan") for now, then in zip(_work(house), before, strict=True)
    )
    cut = quantiles(took, n=20)
    return Figure(screen.name, cut[9], cut[18], server, base, size / 1000, faults)


def _ask(screen: Screen, number: int, browser: httpx.Client) -> httpx.Response:
    path = screen.paths[number % len(screen.paths)]
    if screen.typed:
        return browser.post(path, data={"q": screen.typed[number % len(screen.typed)]})
    return browser.get(path)


def _work(house: House) -> tuple[int, int]:
    """Nanoseconds of processor that the server and the database's connections had so far; zero where no system tells."""
    worker = house.worker()
    return _spent(pid for pid in house.family() if pid != worker), _spent(_connections())


def _spent(pids: Iterable[int]) -> int:
    total = 0
    for pid in pids:
        # A connection may have ended; elsewhere than on Linux there is no such file.
        with suppress(OSError):
            total += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    return total


def _connections() -> list[int]:
    postmaster = settings().data / "postgres" / "postmaster.pid"
    with suppress(OSError):
        number = postmaster.read_text().split()[0]
        return [int(pid) for pid in Path(f"/proc/{number}/task/{number}/children").read_text().split()]
    return []


async def measure() -> int:
    """Print the table; 1 when a screen is over the limit or failed."""
    with tempfile.TemporaryDirectory() as folder:
        found = await figures(Path(folder) / "log")
    print(told(found))
    return int(any(one.p95 > LIMIT or one.faults for one in found))
