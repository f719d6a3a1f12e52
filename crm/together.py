"""What several ask at the same moment is asked of the database once: whoever comes while one question is under way goes into the next.

Promises that whoever comes alone does not wait, that answers come only when the work is done (committed, where it commits), and that one
that breaks the work breaks it for itself alone. Refuses (503) what comes when too much waits already: better a quick no than a slow one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

from crm.database import DatabaseAway
from crm.errors import Busy

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Together(Generic[Item, Answer]):
    """A queue of this process before one piece of work, which answers many items at once, each with its answer or its exception."""

    def __init__(
        self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]], *, at_once: int, waiting: int
    ) -> None:
        self._work = work
        self._at_once = at_once
        self._most_waiting = waiting
        self._queue: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._worker: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits."""
        return self._worker is None

    async def ask(self, item: Item) -> Answer:
        """The answer to this item, when the work on it is done. Raises what its own work raised, and Busy when too many wait."""
        if len(self._queue) >= self._most_waiting:
            raise Busy
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._queue.append((item, answer))
        if self._worker is None:
            # A context of its own: whoever happens to come first is not the one for whom the others are served.
            self._worker = loop.create_task(self._work_off(), context=Context())
        return await answer

    async def finish(self) -> None:
        """Wait until everybody who waits has their answer."""
        while self._worker is not None:
            await asyncio.wait([self._worker])

    async def _work_off(self) -> None:
        try:
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), self._at_once))]
                await self._answer(batch)
        finally:
            self._worker = None

    async def _answer(self, batch: Sequence[tuple[Item, "asyncio.Future[Answer]"]]) -> None:
        """All at once, or, when that fails, one by one."""
        try:
            answers = await self._work([item for item, _ in batch])
        except DatabaseAway as away:
            # Each their own: an exception remembers who raised it.
            answers = [away, *(DatabaseAway() for _ in batch[1:])]
        # Whatever it was, it is for the one whose item it was to hear it, and for nobody else.
        except Exception as broken:  # noqa: BLE001
            if len(batch) > 1:
                for one in batch:
                    await self._answer([one])
                return
            answers = [broken]
        for (_, waiting), answer in zip(batch, answers, strict=True):
            _tell(waiting, answer)


def _tell(waiting: "asyncio.Future[Answer]", answer: Answer | Exception) -> None:
    # Whoever hung up waits no more; the work is done all the same.
    if waiting.done():
        return
    if isinstance(answer, Exception):
        waiting.set_exception(answer)
    else:
        waiting.set_result(answer)
