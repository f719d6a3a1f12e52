"""Callers who all speak at once, each on a connection kept open, with as little work of their own as Python allows.

Run as a process of its own: `python -m tests.bench.caller PORT PATH KEY CONNECTIONS SECONDS`, bodies as JSON lines on stdin; the answer is one
JSON line. Promises that every caller waits for its answer before it speaks again, and that the callers end by themselves.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from itertools import cycle
from typing import cast

import uvloop


class Caller(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, notes how long it took, and sends the next."""

    def __init__(self, calls: "Calls") -> None:
        self.calls = calls
        self.told = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.speak()

    def speak(self) -> None:
        if (request := self.calls.next()) is None:
            self.transport.close()
            return
        self.began = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.told += data
        if (end := _end_of_answer(self.told)) and len(self.told) >= end:
            self.calls.answered(self.told[9:12], time.perf_counter() - self.began)
            self.told = b""
            self.speak()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if time.perf_counter() < self.calls.until:
            self.calls.lost += 1
        self.calls.left(self)


class Calls:
    """What is said, until when, and what came back."""

    def __init__(self, requests: list[bytes], *, seconds: float) -> None:
        # From the start again where a side keeps nothing; one that keeps what it gets would say that it knows them.
        self.requests = cycle(requests)
        self.until = time.perf_counter() + seconds
        self.took: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.lost = 0
        self.here: set[Caller] = set()
        self.all_left = asyncio.Event()

    def next(self) -> bytes | None:
        if time.perf_counter() >= self.until:
            return None
        return next(self.requests)

    def answered(self, status: bytes, took: float) -> None:
        self.statuses[status.decode()] += 1
        self.took.append(took)

    def left(self, caller: Caller) -> None:
        self.here.discard(caller)
        if not self.here:
            self.all_left.set()


def _end_of_answer(told: bytes) -> int:
    """Where the answer ends; 0 as long as its head is not whole."""
    head, found, _ = told.partition(b"\r\n\r\n")
    if not found:
        return 0
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return len(head) + 4 + int(lengths[0].partition(b":")[2])


def _requests(path: str, key: str, bodies: list[bytes]) -> list[bytes]:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: "
    return [head.encode() + f"{len(body)}\r\n\r\n".encode() + body for body in bodies]


async def call(port: int, requests: list[bytes], *, connections: int, seconds: float) -> dict[str, object]:
    """Speak for so many seconds at most; how many answers came a second, how long they took (ms), and with which status."""
    calls = Calls(requests, seconds=seconds)
    loop = asyncio.get_running_loop()
    began, refused = time.perf_counter(), 0
    for _ in range(connections):
        caller = Caller(calls)
        calls.here.add(caller)
        try:
            await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", port)  # type: ignore[misc]
        except OSError:
            refused += 1
            calls.left(caller)
    await calls.all_left.wait()
    took = sorted(calls.took)
    return {
        "a_second": len(took) / (time.perf_counter() - began),
        "p50": 1000 * took[len(took) // 2],
        "p95": 1000 * took[int(len(took) * 0.95)],
        "p99": 1000 * took[int(len(took) * 0.99)],
        "worst": 1000 * took[-1],
        "statuses": dict(calls.statuses),
        "refused": refused + calls.lost,
    }


def main() -> None:
    port, path, key, connections, seconds = sys.argv[1:]
    bodies = [line.rstrip(b"\n") for line in sys.stdin.buffer]
    answer = uvloop.run(
        call(int(port), _requests(path, key, bodies), connections=int(connections), seconds=float(seconds))
    )
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
