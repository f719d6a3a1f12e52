"""A launch night: how many leads come in when many senders speak at once, beside what no database at all would allow.

Run by `make bench`. Promises that both sides are measured in one run, in turn, on the same bodies, so that whatever else the machine does weighs
on both; prints the ratios beside their limits and keeps them as JSON lines in var/bench.jsonl.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import msgspec

from tests.bench.capture import lead
from tests.whole import running

CONNECTIONS = (1, 16, 32, 64, 128)
SECONDS = float(os.environ.get("SECONDS", "5"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
A_SECOND_AT_MOST = 4000
MOST = int(SECONDS * A_SECOND_AT_MOST)
BATCH = 500
LIMITS = {"capture 32": 0.25, "capture 128": 0.40, "batch 2": 0.70}  # of the twin; a batch beside 32 callers


class Side(msgspec.Struct, frozen=True):
    """Where one side answers."""

    port: int
    key: str


class Bodies:
    """Leads that nobody sent before."""

    def __init__(self) -> None:
        self.number = 0

    def fresh(self, count: int) -> list[bytes]:
        begin, self.number = self.number, self.number + count
        return [msgspec.json.encode(lead(number)) for number in range(begin, self.number)]


@contextmanager
def capture(folder: Path, *, workers: int) -> Iterator[Side]:
    """Marquee as people start it, with a small network: the background work runs beside it."""
    environment = {**os.environ, "MARQUEE_DATA": f"{folder}/var", "MARQUEE_POOL_MAX": "16"}
    running.commands(environment, ["seed"])
    key = running.open_show(environment, folder)["web"]
    with running.serving(environment, log=folder / "log", workers=workers) as house:
        yield Side(int(house.url.rpartition(":")[2]), key)


@contextmanager
def twin(folder: Path, *, data: Path) -> Iterator[Side]:
    """The same server before a door that keeps nothing; the codes it knows are those of a house."""
    port = running.free_port()
    code = f"from crm import process; process.answer('tests.bench.twin:create_app', host='127.0.0.1', port={port}, workers=1)"
    with (folder / "twin.log").open("wb") as told:
        server = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=running.ROOT,
            env={**os.environ, "MARQUEE_DATA": str(data)},
            stdout=told,
            stderr=told,
        )
    try:
        running.eventually(lambda: not _is_free(port), within=running.PATIENCE)
        yield Side(port, "none")
    finally:
        server.terminate()
        server.wait(60)


def called(
    side: Side, bodies: list[bytes], *, connections: int, path: str = "/api/v1/leads", answer: str = "201"
) -> dict[str, Any]:
    """What the callers tell, from a process of their own."""
    words = [str(side.port), path, side.key, str(connections), str(SECONDS)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.caller", *words],
        cwd=running.ROOT, input=b"\n".join(bodies) + b"\n", stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout)
    if set(told["statuses"]) != {answer}:
        raise RuntimeError(f"Not every call was answered with {answer}: {told}")
    return told


async def inserted(dsn: str, bodies: list[bytes], *, connections: int) -> float:
    """Rows a second into a table without promises, one commit each: what the disk and the server allow."""
    pool = await asyncpg.create_pool(dsn, min_size=connections, max_size=connections)
    await pool.execute("create table if not exists bare (id bigserial primary key, body text)")
    left, until = iter(bodies), time.perf_counter() + SECONDS

    async def insert() -> int:
        done = 0
        async with pool.acquire() as connection:
            for body in left:
                if time.perf_counter() >= until:
                    break
                await connection.execute("insert into bare (body) values ($1)", body.decode())
                done += 1
        return done

    began = time.perf_counter()
    done = sum(await asyncio.gather(*(insert() for _ in range(connections))))
    took = time.perf_counter() - began
    await pool.close()
    return done / took


def measure() -> Iterator[dict[str, Any]]:
    """Each figure as it comes: both sides in turn, round by round."""
    bodies = Bodies()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        house = stack.enter_context(capture(folder, workers=1))
        sides = {"capture": house, "twin": stack.enter_context(twin(folder, data=folder / "var"))}
        dsn = running.commands({**os.environ, "MARQUEE_DATA": f"{folder}/var"}, ["database", "url"])[0]
        for number in range(ROUNDS):
            for connections in CONNECTIONS:
                for name in list(sides) if number % 2 else reversed(sides):
                    told = called(sides[name], bodies.fresh(MOST), connections=connections)
                    yield {"side": name, "connections": connections, **told}
            bare = asyncio.run(inserted(dsn, bodies.fresh(MOST), connections=32))
            yield {"side": "bare insert", "connections": 32, "a_second": bare}
            yield {"side": "batch", "connections": 2, **_batches(house, bodies)}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        house = stack.enter_context(capture(folder, workers=2))
        for _ in range(ROUNDS):
            yield {"side": "two workers", "connections": 16, **called(house, bodies.fresh(MOST), connections=16)}


def summed_up(figures: list[dict[str, Any]]) -> str:
    """The middle of the rounds, the ratios within them, and the limits that they are held to."""
    by_place: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for one in figures:
        by_place.setdefault((one["side"], one["connections"]), []).append(one)
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    lines = [f"load average {load} on {os.cpu_count()} processors; {ROUNDS} rounds of {SECONDS:.0f} s",
             f"{'':12} {'connections':>11} {'a second':>9} {'p50 ms':>7} {'p95 ms':>7} {'p99 ms':>7} {'refused':>7} {'of twin':>7}"]  # fmt: skip
    for (side, connections), rounds in by_place.items():
        middle = {
            name: median(one[name] for one in rounds) for name in ("a_second", "p50", "p95", "p99") if name in rounds[0]
        }
        times = " ".join(f"{middle[name]:7.1f}" if name in middle else " " * 7 for name in ("p50", "p95", "p99"))
        refused = sum(one.get("refused", 0) for one in rounds)
        ratio = (
            _ratio(rounds, by_place[("twin", 32 if side == "batch" else connections)])
            if side in {"capture", "batch"}
            else None
        )
        limit = LIMITS.get(f"{side} {connections}")
        beside = f"{ratio:7.2f}" if ratio else " " * 7
        lines.append(
            f"{side:12} {connections:11} {middle['a_second']:9.0f} {times} {refused:7} {beside}"
            + (f"  (limit {limit})" if limit else "")
        )
    return "\n".join(lines)


def _batches(house: Side, bodies: Bodies) -> dict[str, Any]:
    """Batches from two callers at a time; what is told a second is leads."""
    batches = [b"[" + b",".join(bodies.fresh(BATCH)) + b"]" for _ in range(int(MOST / BATCH))]
    told = called(house, batches, connections=2, path="/api/v1/leads/batch", answer="200")
    return {**told, "a_second": told["a_second"] * BATCH}


def _ratio(rounds: list[dict[str, Any]], twins: list[dict[str, Any]]) -> float:
    return float(median(one["a_second"] / beside["a_second"] for one, beside in zip(rounds, twins, strict=True)))


def _is_free(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) != 0


def main() -> None:
    """Measure, keep every figure, and print what they come to."""
    figures = []
    kept = running.ROOT / "var" / "bench.jsonl"
    kept.parent.mkdir(exist_ok=True)
    with kept.open("a") as file:
        for one in measure():
            figures.append(one)
            file.write(json.dumps({"at": datetime.now(UTC).isoformat(), "load": os.getloadavg()[0], **one}) + "\n")
            print(".", end="", flush=True)
    print("\n" + summed_up(figures))


if __name__ == "__main__":
    main()
