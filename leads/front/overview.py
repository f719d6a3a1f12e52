"""How the house stands right now, in the numbers that one asks for first.

Promises counts of everything that did not come from a test source, as of `at`; every reason to wait is listed, also
when nothing waits for it.
"""

from datetime import datetime

import msgspec

from crm.database import current, statement

MOST_BRANDS = 5


class Waiting(msgspec.Struct, frozen=True):
    """A hold and how many interests wait for it (for no_interest: how many leads)."""

    code: str
    name_zh: str
    name_en: str
    waiting: int


class Offers(msgspec.Struct, frozen=True):
    """What became of all offers made. `late` and `due_within_the_hour` are part of the open ones."""

    made: int
    offered: int
    accepted: int
    refused: int
    expired: int
    withdrawn: int
    late: int
    due_within_the_hour: int
    minutes_to_accept: float | None


class Overview(msgspec.Struct, frozen=True):
    """`brands_met[n]` people met n + 1 brands; who named none is in `people` alone."""

    at: datetime
    registrations: int
    people: int
    brands_met: tuple[int, ...]
    held: tuple[Waiting, ...]
    offers: Offers

    @property
    def brands_per_person(self) -> float:
        """The mean over the people who met any brand."""
        met = sum(brands * people for brands, people in enumerate(self.brands_met, start=1))
        return met / (sum(self.brands_met) or 1)

    @property
    def waiting(self) -> int:
        """All that is held, whatever the reason."""
        return sum(hold.waiting for hold in self.held)


async def overview(*, at: datetime) -> Overview:
    """Count everything once, in the caller's transaction."""
    counts = dict(await current().fetchrow(statement("leads", "front_counts"), at) or {})
    met = await current().fetch(statement("leads", "front_brands_met"))
    held = await current().fetch(statement("leads", "front_held"))
    people = {row["brands"]: row["people"] for row in met}
    return Overview(
        at=at,
        registrations=counts.pop("registrations"),
        people=counts.pop("people"),
        brands_met=tuple(people.get(brands, 0) for brands in range(1, MOST_BRANDS + 1)),
        held=tuple(Waiting(**row) for row in held),
        offers=Offers(**counts),
    )
