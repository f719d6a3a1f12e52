"""The list of leads as a browser gets it from a big house: bytes over the wire, when it is there, what jumps, how soon a filter has worked.

Run by `make scale` behind the pages. Promises figures of this run beside their limits; asks a server of its own, and a fresh browser for
every first visit.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page

from crm.origin import LOOPBACK_COOKIE
from tests.browser import stage
from tests.whole import running

VISITS = int(os.environ.get("VISITS", "7"))
LIST, FILTER = "/leads", ".mq-chips a[href*='stage=lost']"

# What the browser noticed since the page began; read from outside, so the page's own policy is not in the way.
NOTICED = """() => new Promise(done => {
  const found = {lcp: 0, cls: 0};
  new PerformanceObserver(list => { for (const it of list.getEntries()) found.lcp = it.startTime; })
    .observe({type: "largest-contentful-paint", buffered: true});
  new PerformanceObserver(list => { for (const it of list.getEntries()) if (!it.hadRecentInput) found.cls += it.value; })
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(found), 300);
})"""
# From the click on a choice of a filter until the new list has been drawn.
CLICKED = """selector => new Promise(done => {
  const link = document.querySelector(selector), began = performance.now();
  document.addEventListener("htmx:afterSettle", () => requestAnimationFrame(() => setTimeout(() => done(performance.now() - began))),
                            {once: true});
  link.click();
})"""


class Limit(NamedTuple):
    """What is measured, and what it must stay under."""

    name: str
    unit: str
    most: float


LIMITS = {
    "cold": Limit("first visit, everything", "KB", 70),
    "warm": Limit("second visit", "KB", 20),
    "lcp": Limit("largest paint, first visit", "ms", 1000),
    "cls": Limit("layout shift", "", 0.05),
    "filter": Limit("a filter, until drawn", "ms", 300),
}


def measure(environment: Mapping[str, str], token: str, *, log: Path) -> dict[str, list[float]]:
    """Every figure of every visit, by the name of its limit."""
    found: dict[str, list[float]] = {name: [] for name in LIMITS}
    with running.serving(environment, log=log) as house, stage.a_browser() as chromium:
        for _ in range(VISITS + 1):
            with _signed_in(chromium, house.url, token) as context:
                visit = _visit(context, house.url)
            for name, value in visit.items():
                found[name].append(value)
    return {name: values[1:] for name, values in found.items()}  # the server's own first is nobody's


def told(found: Mapping[str, list[float]]) -> str:
    """The figures as a table: the middle, the worst, the limit."""
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    lines = [
        f"load average {load}; {VISITS} visits",
        f"{'the list of leads':38} {'middle':>9} {'worst':>9} {'limit':>9}",
    ]
    for name, limit in LIMITS.items():
        middle, worst = median(found[name]), max(found[name])
        over = "  OVER" if middle > limit.most else ""
        lines.append(f"{f'{limit.name} {limit.unit}'.strip():38} {middle:9.2f} {worst:9.2f} {limit.most:9.2f}{over}")
    return "\n".join(lines)


@contextmanager
def _signed_in(chromium: Browser, url: str, token: str) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1366, "height": 900})
    context.add_cookies([{"name": LOOPBACK_COOKIE, "value": token, "url": url}])
    yield context
    context.close()


def _visit(context: BrowserContext, url: str) -> dict[str, float]:
    page = context.new_page()
    weighed = _weighed(context, page)
    page.goto(f"{url}{LIST}", wait_until="networkidle")
    noticed: dict[str, float] = page.evaluate(NOTICED)
    cold, weighed[0] = weighed[0], 0.0
    page.goto(f"{url}{LIST}", wait_until="networkidle")
    warm = weighed[0]
    took: float = page.evaluate(CLICKED, FILTER)
    return {"cold": cold / 1000, "warm": warm / 1000, "lcp": noticed["lcp"], "cls": noticed["cls"], "filter": took}


def _weighed(context: BrowserContext, page: Page) -> list[float]:
    """Bytes as they came over the wire, heads and all, added up as they come."""
    sum_: list[float] = [0.0]

    def add(told: dict[str, Any]) -> None:
        sum_[0] += told["encodedDataLength"]

    listener = context.new_cdp_session(page)
    listener.send("Network.enable")
    listener.on("Network.loadingFinished", add)
    return sum_


def measured(environment: Mapping[str, str], token: str) -> int:
    """Measure and print; 1 when the middle of a figure is over its limit."""
    with tempfile.TemporaryDirectory() as folder:
        found = measure(environment, token, log=Path(folder) / "log")
    print(told(found))
    return int(any(median(values) > LIMITS[name].most for name, values in found.items()))
