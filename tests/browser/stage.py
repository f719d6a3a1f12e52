"""A small demo on a real server, and a browser before it: what the tests of screens and `make shots` look at.

Promises the demo's own story, only shorter, with its one-click people; and that a page's every complaint and every request that leaves
its origin is heard.
"""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from crm.origin import LOOPBACK_COOKIE
from tests.browser import doings
from tests.whole import running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WHY_NOT = "no chromium here; apt install chromium to run the browser tests"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 15_000  # milliseconds; a busy machine is slow to draw
HALF_WAY = "half-way"  # who said the password, and not yet the code
SIZE = 260  # registrations; enough that every queue has entries


@dataclass(frozen=True)
class Stage:
    """The house under way, its database, the cookie of one of its people by role, and where things are that they did."""

    url: str
    database: str
    people: Mapping[str, str]
    done: Mapping[str, str]
    found: dict[str, str] = field(default_factory=dict)

    def one(self, query: str) -> str:
        """The id that a query finds first; asked once."""
        if query not in self.found:
            [row] = running.asked_beside(self.database, query)
            self.found[query] = str(row[0])
        return self.found[query]


@contextmanager
def set_up(environment: Mapping[str, str], database: str, *, log: Path) -> Iterator[Stage]:
    """A finished short story in an empty, migrated database, and a server with its worker."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.browser.stage"],
        cwd=running.ROOT, env=dict(environment), capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr[-3000:]
    with running.serving(environment, log=log) as house:
        people = json.loads(told.stdout.splitlines()[-1])
        yield Stage(house.url, database, people, doings.do(house.url, people))


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Debian's chromium, told to keep to itself."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


def sign_in(context: BrowserContext, stage: Stage, role: str) -> None:
    """Let this context be somebody of the role, by a session made for it."""
    context.add_cookies([{"name": LOOPBACK_COOKIE, "value": stage.people[role], "url": stage.url}])


def opened(browser: Browser, stage: Stage, role: str | None, *, language: str) -> tuple[Page, list[str]]:
    """A page of somebody of that role, and what it complains of from now on; closing its context closes it."""
    context = browser.new_context(viewport={"width": 1366, "height": 900}, color_scheme="light", locale=language)
    if role:
        sign_in(context, stage, role)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    return page, complaints(page, at=stage.url)


def settled(page: Page) -> None:
    """Wait until a page has what it asks for by itself."""
    page.wait_for_load_state()
    page.locator(".htmx-request").first.wait_for(state="detached")


def complaints(page: Page, *, at: str) -> list[str]:
    """Fills up with what the browser complains of, with refused loads, and with requests to another origin."""
    found: list[str] = []
    page.on("console", lambda told: found.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(error.message))
    page.on("request", lambda asked: found.append(asked.url) if not asked.url.startswith((at, "data:")) else None)
    return found


async def _tell() -> None:
    from crm import database
    from crm.database import current
    from crm.staff import sessions
    from leads.demo import colleagues, play

    await database.open_pool(synchronous_commit="off")
    now = datetime.now(UTC)
    await play.stage(now, progress=lambda *_: None, size=SIZE)
    async with database.transaction():
        await colleagues.seat(at=now)
        people = await current().fetch("select id, role from staff order by id")
        cookies = {row["role"]: await sessions.start(row["id"], step="full", browser="test", at=now) for row in people}
        cookies[HALF_WAY] = await sessions.start(people[0]["id"], step="password", browser="test", at=now)
    await database.close_pool()
    print(json.dumps(cookies))


if __name__ == "__main__":
    asyncio.run(_tell())
