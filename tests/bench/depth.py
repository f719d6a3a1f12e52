"""How deep a house may be: what one more lead costs beside ten thousand others, a hundred thousand and a million.

Run by `make bench-depth` (SIZES=): makes each crowd once in a data folder of its own, then measures in turn, on the same bodies. Promises figures
of this run beside their limits, and a failing exit when one is over. Half of the people who come are new, half were here before.
"""

import asyncio
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import msgspec

from crm import database, identity, reference
from crm.database import current, transaction
from crm.identity import Observed
from crm.ids import uuid7
from crm.work import until_idle
from leads import capture, jobs, reading
from leads.capture import Incoming
from leads.demo import names
from leads.submission import LeadBody
from tests.bench import crowd, scale
from tests.whole import running

PEOPLE_OF_LEADS = 0.6
SINGLES, BATCHES, BATCH, ROUNDS = 300, 20, 100, 3
COLUMNS = (
    "leads",
    "resolve p50",
    "p95 ms",
    "one lead p50",
    "p95 ms",
    "in batches ms",
    "routed ms",
    "offers/s",
    "feed p50 ms",
    "of smallest",
)
RESOLVED_IN_MS = 20.0  # p95
TIMES_THE_SMALLEST = 1.3  # at most, what a lead costs in the deepest house


class Cost(msgspec.Struct):
    """Of one house: milliseconds for one person to be known and for one lead to be in, committed, and what a lead costs in batches."""

    leads: int
    resolve: list[float]
    single: list[float]
    captured: float
    routed: float
    offers_a_second: float
    feed: list[float]


async def measure(people: int) -> Cost:
    """What the house of this process's data folder takes; leaves what it brought in."""
    database.start()
    await database.open_pool()
    async with transaction():
        leads = await current().fetchval("select count(*) from lead")
        source = await current().fetchval("select id from source where code = $1", crowd.SOURCE)
        dealers = [
            row["dealer"]
            for row in await current().fetch(
                "select dealer, count(*) from offer group by dealer order by 2 desc limit 20"
            )
        ]
        # Measured is what a choice costs, round after round: not how soon the stores of one town are full.
        await current().execute("update store set daily_capacity = 90000")
    fresh = _Fresh(people)
    await until_idle(jobs.JOBS, at=datetime.now(UTC))
    resolve = [await _timed(_resolve(one, source)) for one in fresh.bodies(SINGLES)]
    single = [await _timed(_capture([one], source)) for one in fresh.bodies(SINGLES)]
    await until_idle(jobs.JOBS, at=datetime.now(UTC))
    offers = await _offers()
    batches = [fresh.bodies(BATCH) for _ in range(BATCHES)]
    captured = median([await _timed(_capture(batch, source)) / BATCH for batch in batches])
    routing = await _timed(until_idle(jobs.JOBS, at=datetime.now(UTC)))
    made = await _offers() - offers
    polls = [await _timed(_poll(dealer)) for dealer in dealers * 10]
    await database.close_pool()
    return Cost(leads, resolve, single, captured, routing / (BATCH * BATCHES), 1000 * made / routing, polls)


class _Fresh:
    """Bodies that nobody sent before, by people of whom every other one is of the crowd."""

    def __init__(self, people: int) -> None:
        self.people = people
        self.chance = Random(time.time_ns())

    def bodies(self, count: int) -> list[Incoming]:
        return [self._body(number) for number in range(count)]

    def _body(self, number: int) -> Incoming:
        someone = self.chance.randrange(self.people)
        known = Random(scale.SEED * 1_000_003 + someone)
        person = (
            {"name": names.invent(known).written, "phone": crowd.phone(someone)} if number % 2 else self._stranger()
        )
        body = {
            "external_id": f"D{self.chance.getrandbits(64):x}",
            "captured_at": datetime.now(UTC).isoformat(),
            "source": {"kind": "event_desk", "campaign": "crowd-show"},
            "person": person,
            "place": {"region_code": self.chance.choice(("510107", "310104", "110105", "440305", "330106", "420106"))},
            "interests": [{"brand": self.chance.choice(("aito", "luxeed", "stelato")), "kind": "test_drive"}],
            "consents": [{"purpose": "share_with_dealer", "brands": ["aito", "luxeed", "stelato"], "given": True,
                          "notice": {"id": "desk", "version": "1", "language": "zh"}}],
        }  # fmt: skip
        raw = msgspec.json.encode(body)
        return Incoming(msgspec.json.decode(raw, type=LeadBody), raw)

    def _stranger(self) -> dict[str, str]:
        return {"name": names.invent(self.chance).written, "phone": f"1{self.chance.randrange(3 * 10**9, 10**10)}"}


async def _timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return 1000 * (time.perf_counter() - began)


async def _resolve(one: Incoming, source: int) -> None:
    at = datetime.now(UTC)
    async with transaction():
        said = reading.read(one.body, reference=await reference.load(), stores={})
        observed = Observed(
            id=uuid7(at), source=source, external_id=one.body.external_id, captured_at=at, received_at=at,
            region=said.region, name=said.name, phone=said.phone, name_typed=one.body.person.name, phone_typed=one.body.person.phone,
        )  # fmt: skip
        await identity.resolve([observed], at=at)


async def _capture(bodies: Sequence[Incoming], source: int) -> None:
    async with transaction():
        await capture.accept_many(bodies, source=await capture.sender(source), at=datetime.now(UTC))


async def _offers() -> int:
    async with transaction():
        made: int = await current().fetchval("select count(*) from offer where offered_at > now() - interval '1 hour'")
        return made


async def _poll(dealer: int) -> None:
    async with transaction():
        reached = await current().fetchval("select coalesce(max(seq), 0) from offer_event where dealer = $1", dealer)
        await current().fetch(database.statement("leads", "feed_after"), dealer, max(0, reached - 100), 100, None)


def house(leads: int) -> Path:
    """Where the crowd of this size is kept."""
    return running.ROOT / "var" / f"depth-{leads}"


def prepared(leads: int) -> int:
    """Have the crowd of this size; how many people it has."""
    people = round(leads * PEOPLE_OF_LEADS)
    _run(_environment(leads), "tests.bench.scale", "make", str(leads), str(people))
    return people


def measured(leads: int, people: int) -> Cost:
    """In a process of its own: a process knows one house."""
    cost = msgspec.json.decode(_run(_environment(leads), "tests.bench.depth", "at", str(people)), type=Cost)
    running.commands(_environment(leads), ["database", "stop"])
    return cost


def summed_up(rounds: dict[int, list[Cost]]) -> tuple[str, bool]:
    """A line for each house, the middle of its rounds; and whether all limits are held."""
    lines, good, smallest = [" ".join(f"{name:>13}" for name in COLUMNS)], True, 0.0
    for leads, costs in rounds.items():
        figures = [median(figure) for figure in zip(*map(_figures, costs), strict=True)]
        whole = figures[4] + figures[5]
        smallest = smallest or whole
        good &= whole <= TIMES_THE_SMALLEST * smallest and figures[1] <= RESOLVED_IN_MS
        lines.append(f"{leads:13,} " + " ".join(f"{one:13.2f}" for one in (*figures, whole / smallest)))
    lines.append(
        f"limits: resolve p95 {RESOLVED_IN_MS:.0f} ms, a lead captured and routed {TIMES_THE_SMALLEST} of the smallest"
    )
    return "\n".join(lines), good


def _figures(cost: Cost) -> tuple[float, ...]:
    return (median(cost.resolve), _p95(cost.resolve), median(cost.single), _p95(cost.single),
            cost.captured, cost.routed, cost.offers_a_second, median(cost.feed))  # fmt: skip


def _p95(took: Sequence[float]) -> float:
    return sorted(took)[int(len(took) * 0.95)]


def _environment(leads: int) -> dict[str, Any]:
    return {**os.environ, "MARQUEE_DATA": str(house(leads))}


def _run(environment: dict[str, Any], *words: str) -> bytes:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=running.ROOT, env=environment, stdout=subprocess.PIPE, check=True
    ).stdout


def main(words: list[str]) -> int:
    """`at PEOPLE` in the house of MARQUEE_DATA, or all sizes in turn."""
    if words[:1] == ["at"]:
        sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(measure(int(words[1])))))
        return 0
    people = {int(size): prepared(int(size)) for size in words}
    rounds: dict[int, list[Cost]] = {size: [] for size in people}
    for _, size in itertools.product(range(ROUNDS), people):
        rounds[size].append(measured(size, people[size]))
    text, good = summed_up(rounds)
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
