"""How fast leads come in: batches of 500 through the API, into this tree and into an older commit side by side, and their ratio.

Run by `make bench` (BASE=commit, BATCHES=). Promises that both servers get the same batches in turn, each with a database of its own, so that
whatever else the machine does weighs on both; what stands in the table was measured in this run.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import httpx

from leads.demo import names
from tests.whole import running

BATCHES = int(os.environ.get("BATCHES", "20"))
BASE = os.environ.get("BASE", "")
EACH = 500
WARM = 2
# As numbers are spread over the country: few people have the same first three and last four digits.
PREFIXES = range(30, 100)
REGIONS = ("510107", "510104", "310104", "110105", "440305", "330106")


@contextmanager
def older(commit: str) -> Iterator[Path]:
    """The tree as it was at a commit, in a folder that goes again."""
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(["git", "archive", commit], cwd=running.ROOT, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=packed, check=True)
        yield Path(folder)


@contextmanager
def serving(tree: Path) -> Iterator[httpx.Client]:
    """The server of a tree with an empty house, ready for what a source sends."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "MARQUEE_DATA": f"{folder}/var", "PYTHONPATH": str(tree), "MARQUEE_POOL_MAX": "8"}
        _run(tree, environment, "seed")
        key = json.loads(_run(tree, environment, "keys", "create", "--source", "bench", "--json"))["key"]
        log = Path(folder) / "log"
        port = running.free_port()
        with log.open("wb") as told:
            process = subprocess.Popen(
                [sys.executable, "-m", "app", "serve", "--port", str(port)], cwd=tree, env=environment, stdout=told, stderr=told
            )  # fmt: skip
        try:
            running.wait_until_ready(house := running.House(process, f"http://127.0.0.1:{port}", log))
            with house.client(key) as source:
                yield source
        finally:
            process.terminate()
            process.wait(60)
            _run(tree, environment, "database", "stop")


def measure() -> dict[str, list[float]]:
    """Seconds for each batch, by tree; every batch goes to all trees before the next one."""
    took: dict[str, list[float]] = {}
    with ExitStack() as stack:
        trees = {"this tree": running.ROOT}
        if BASE:
            trees[BASE] = stack.enter_context(older(BASE))
        sources = {name: stack.enter_context(serving(tree)) for name, tree in trees.items()}
        for number in range(BATCHES + WARM):
            batch = [lead(number * EACH + place) for place in range(EACH)]
            for name in list(sources) if number % 2 else reversed(sources):
                seconds = _send(sources[name], batch)
                if number >= WARM:
                    took.setdefault(name, []).append(seconds)
    return took


def told(took: dict[str, list[float]]) -> str:
    """Leads per second, by the middle batch; and how this tree compares."""
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    lines = [
        f"load average {load} on {os.cpu_count()} processors; {BATCHES} batches of {EACH} leads, each in one request"
    ]
    lines += [f"{name:12} {EACH / median(seconds):8.0f} leads/s" for name, seconds in took.items()]
    if BASE:
        ratio = median(old / new for old, new in zip(took[BASE], took["this tree"], strict=True))
        lines.append(f"{'ratio':12} {ratio:8.2f}  (batch by batch)")
    return "\n".join(lines)


def _run(tree: Path, environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "app", *words], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr[-1500:]}")
    return done.stdout


def _send(source: httpx.Client, batch: list[dict[str, Any]]) -> float:
    began = time.perf_counter()
    answer = source.post("/api/v1/leads/batch", json=batch, timeout=120)
    took = time.perf_counter() - began
    if answer.status_code >= 300 or any(one["status"] != 201 for one in answer.json()["results"]):
        raise RuntimeError(f"A batch was answered with {answer.status_code}: {answer.text[:300]}")
    return took


def lead(number: int) -> dict[str, Any]:
    """A lead that nobody sent before: a new person, one wish or two."""
    chance = Random(number)
    name, phone = names.invent(chance).written, f"1{chance.choice(PREFIXES)}{chance.randrange(10**8):08d}"
    return {
        "external_id": f"B{number}",
        "captured_at": datetime.now(UTC).isoformat(),
        "source": {"kind": "event_desk", "campaign": "bench"},
        "person": {"name": name, "phone": phone, "email": f"p{number}@example.com"},
        "place": {"region_code": REGIONS[number % len(REGIONS)]},
        "interests": [{"brand": "aito", "kind": "test_drive"}, {"brand": "luxeed", "kind": "buy"}][: 1 + number % 2],
        "consents": [
            {"purpose": "share_with_dealer", "brands": ["aito", "luxeed"], "given": True,
             "notice": {"id": "desk", "version": "1", "language": "zh"}}
        ],
    }  # fmt: skip


if __name__ == "__main__":
    print(told(measure()))
