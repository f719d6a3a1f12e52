"""A dealer's feed: what happened to its offers, one numbered line each.

Promises that the numbers of one dealer have no gap and become visible in their order, so a reader that asks for what
comes after its last number never misses a line that commits late. Nothing is ever taken out or renumbered.
"""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextvars import ContextVar
from datetime import datetime
from itertools import count
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from crm.database import current, insert, statement
from crm.ids import uuid7
from leads.tables import OfferEvent

EventType: TypeAlias = Literal[
    "offered", "repeat", "accepted", "refused", "expired", "withdrawn", "disposed", "reminder"
]


class Line(NamedTuple):
    """One thing that happened to an offer, for its dealer to know."""

    dealer: int
    offer: UUID
    type: EventType


_Dated: TypeAlias = tuple[Line, datetime]

_gathering: ContextVar[list[_Dated] | None] = ContextVar("gathering", default=None)


async def append(lines: Sequence[Line], *, at: datetime) -> None:
    """Write lines to the feeds of their dealers, in the order given, as the last thing of the transaction.

    The counters stay locked until it ends: a transaction that locks anything afterwards gathers its lines instead.
    """
    gathering = _gathering.get()
    dated = [(line, at) for line in lines]
    if gathering is None:
        await _number_and_write(dated)
    else:
        gathering.extend(dated)


@contextlib.asynccontextmanager
async def gathered() -> AsyncIterator[None]:
    """Hold back every line appended inside and write them all at the end, each with its own moment: for several verbs.

    Two passes over the counters in one transaction could meet another's two passes and deadlock.
    """
    lines: list[_Dated] = []
    gathering = _gathering.set(lines)
    try:
        yield
    finally:
        _gathering.reset(gathering)
    await _number_and_write(lines)


async def _number_and_write(lines: Sequence[_Dated]) -> None:
    numbers = await _next_numbers(Counter(line.dealer for line, _ in lines))
    await insert(
        [
            OfferEvent(
                id=uuid7(at),
                dealer=line.dealer,
                seq=next(numbers[line.dealer]),
                offer=line.offer,
                type=line.type,
                at=at,
            )
            for line, at in lines
        ]
    )


async def _next_numbers(wanted: Counter[int]) -> dict[int, Iterator[int]]:
    # The row lock on a counter lasts until commit: whoever is next waits for it, so numbers commit in their order.
    if not wanted:
        return {}
    dealers = sorted(wanted)
    rows = await current().fetch(statement("leads", "count_up"), dealers, [wanted[dealer] for dealer in dealers])
    return {row["dealer"]: count(row["seq"] - wanted[row["dealer"]] + 1) for row in rows}
