"""Leads that arrive together are taken in together: what comes while a transaction runs goes into the next one.

Promises that nobody is answered before their commit, that whoever comes alone does not wait, and that a lead which breaks its transaction
breaks it for itself alone. Refuses (503) what comes when too much waits already: better a quick no than a slow one.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from datetime import UTC, datetime

from crm.database import DatabaseAway, transaction
from crm.errors import Busy
from leads import capture
from leads.capture import Incoming, Outcome

MOST_AT_ONCE = 200  # leads of one transaction: above, a lead costs no less (measured 2026-11-29), and all wait longer
MOST_WAITING = 2000
MOST_TRANSACTIONS = 3  # of one process at a time, whatever the number of sources: its other doors need connections too


class _Waiting:
    """A lead in the queue, and where its sender waits for the answer."""

    __slots__ = ("answer", "item")

    def __init__(self, item: Incoming) -> None:
        self.item = item
        self.answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()


class Gathering:
    """What waits in this process, in a queue for each source: leads of one source are one batch, and keep their order."""

    def __init__(self) -> None:
        self._queues: dict[int, deque[_Waiting]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._room = asyncio.Semaphore(MOST_TRANSACTIONS)

    async def accept(self, item: Incoming, *, source: int) -> Outcome:
        """Take one lead in; returns after the commit. Raises what its own transaction raised, and Busy when too many wait."""
        if self._waiting >= MOST_WAITING:
            raise Busy
        one = _Waiting(item)
        self._waiting += 1
        if source in self._queues:
            self._queues[source].append(one)
        else:
            self._queues[source] = deque([one])
            self._start(source)
        return await one.answer

    async def finish(self) -> None:
        """Wait until everybody who waits has their answer."""
        while self._workers:
            await asyncio.wait(self._workers)

    def _start(self, source: int) -> None:
        # A context of its own: whoever happens to come first is not the one for whom the others are written.
        worker = asyncio.get_running_loop().create_task(self._work_off(source), context=Context())
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def _work_off(self, source: int) -> None:
        queue = self._queues[source]
        while queue:
            async with self._room:
                batch = [queue.popleft() for _ in range(min(len(queue), MOST_AT_ONCE))]
                await _take_in(batch, source=source)
            self._waiting -= len(batch)
        del self._queues[source]


async def _take_in(batch: Sequence[_Waiting], *, source: int) -> None:
    """One transaction for all, or, when that fails, one for each."""
    try:
        outcomes = await _accepted([one.item for one in batch], source=source)
    except DatabaseAway as away:
        # Each their own: an exception remembers who raised it.
        _tell(batch, [away, *(DatabaseAway() for _ in batch[1:])])
    # Whatever it was, it is for the sender whose lead it was to hear it, and for nobody else.
    except Exception as broken:  # noqa: BLE001
        if len(batch) == 1:
            _tell(batch, [broken])
        else:
            for one in batch:
                await _take_in([one], source=source)
    else:
        _tell(batch, outcomes)


async def _accepted(items: Sequence[Incoming], *, source: int) -> list[Outcome]:
    async with transaction():
        return await capture.accept_many(items, source=await capture.sender(source), at=datetime.now(UTC))


def _tell(batch: Sequence[_Waiting], told: Sequence[Outcome | Exception]) -> None:
    for one, word in zip(batch, told, strict=True):
        # A sender who hung up waits no more; the lead is in all the same, and a repeat gets its answer.
        if one.answer.done():
            continue
        if isinstance(word, Exception):
            one.answer.set_exception(word)
        else:
            one.answer.set_result(word)
