"""Leads that arrive together are taken in together: what comes while a transaction runs goes into the next one, source by source.

Promises that nobody is answered before their commit, and what `crm.together` promises: whoever comes alone does not wait, and a lead that
breaks its transaction breaks it for itself alone.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from crm.database import transaction
from crm.together import Together
from leads import capture
from leads.capture import Incoming, Outcome

MOST_AT_ONCE = 200  # leads of one transaction: above, a lead costs no less (measured 2026-11-29), and all wait longer
MOST_WAITING = 2000
MOST_TRANSACTIONS = 3  # of one process at a time, whatever the number of sources: its other doors need connections too


class Gathering:
    """What waits in this process, in a queue for each source: leads of one source are one batch, and keep their order."""

    def __init__(self) -> None:
        self._queues: dict[int, Together[Incoming, Outcome]] = {}
        self._room = asyncio.Semaphore(MOST_TRANSACTIONS)

    async def accept(self, item: Incoming, *, source: int) -> Outcome:
        """Take one lead in; returns after the commit. Raises what its own transaction raised, and Busy when too many wait."""
        queue = self._queues.get(source) or self._queue_of(source)
        return await queue.ask(item)

    async def finish(self) -> None:
        """Wait until everybody who waits has their answer."""
        await asyncio.gather(*(queue.finish() for queue in self._queues.values()))

    def _queue_of(self, source: int) -> Together[Incoming, Outcome]:
        async def take_in(items: Sequence[Incoming]) -> Sequence[Outcome | Exception]:
            async with self._room, transaction():
                return await capture.accept_many(items, source=await capture.sender(source), at=datetime.now(UTC))

        self._queues[source] = Together(take_in, at_once=MOST_AT_ONCE, waiting=MOST_WAITING)
        return self._queues[source]
