"""Pages of lists that go on while people read: a place in a list is a moment and an id, never a number of rows.

Promises that nothing is skipped or shown twice while rows arrive, and that a page costs the same wherever it is. Refuses nothing: a place that
nobody gave out is None.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

Row = TypeVar("Row")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Mark(msgspec.Struct, frozen=True):
    """Where a row stands, in one word for an address."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}.{self.id.hex}"

    @classmethod
    def read(cls, text: str | None) -> "Mark | None":
        """The mark again; None for none, and for what is none."""
        at, _, id_ = (text or "").partition(".")
        try:
            return cls(_EPOCH + timedelta(microseconds=int(at)), UUID(id_))
        except (ValueError, OverflowError):
            return None


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """Rows in the order of their list, and whether it goes on before and after them."""

    rows: tuple[Row, ...]
    goes_on_before: bool
    goes_on_after: bool


def cut(found: Sequence[Row], *, limit: int, after: object = None, before: object = None) -> Page[Row]:
    """The page of what was found from a place on, or back from one: at most `limit` rows and one more, in the order of the way."""
    is_more, shown = len(found) > limit, tuple(found[:limit])
    if goes_back(after=after, before=before):
        return Page(shown[::-1], goes_on_before=is_more, goes_on_after=bool(shown))
    return Page(shown, goes_on_before=after is not None and bool(shown), goes_on_after=is_more)


def goes_back(*, after: object = None, before: object = None) -> bool:
    """Whether rows are read towards the top of their list; who names both places goes on."""
    return before is not None and after is None
