"""How many an audience reaches, and who of it is left out and why: each person decided as they would be if it were sent now.

Promises the very decision that sending makes. Of numbers that tell of other brands a brand's own people read "<5" where they are small.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from campaigns.audiences import Filter, asking
from campaigns.invitations import knowing, rules
from campaigns.invitations.deciding import REASONS, Asked, decide
from crm.roles import Scope

AT_ONCE = 1000
MOST = 20_000  # people that a page decides about; of more, these stand for all
SMALL = 5
# What happens because of other brands: their cars, their messages.
OF_OTHERS = ("sister_owner", "precedence", "budget")


class Cell(msgspec.Struct, frozen=True):
    """A number as it may be read: exact, or only that it is small."""

    count: int
    is_hidden: bool = False

    def __str__(self) -> str:
        return f"<{SMALL}" if self.is_hidden else f"{self.count:,}"


class Forecast(msgspec.Struct, frozen=True):
    """Everybody who fits, those who would get the message now, those who wait for the hours, and the others by reason."""

    total: int
    decided: int
    reached: Cell
    waiting: int
    excluded: Mapping[str, Cell]

    @property
    def is_sample(self) -> bool:
        """Whether only some of them were looked at."""
        return self.decided < self.total


async def forecast(filter_: Filter, asked: Asked, scope: Scope, *, at: datetime) -> Forecast:
    """What a message to this audience would come to at this moment."""
    persons = await asking.members(filter_, scope, at=at)
    looked_at = persons[:MOST]
    fates: Counter[str] = Counter()
    house = await rules.load()
    for start in range(0, len(looked_at), AT_ONCE):
        fates += await _fates(looked_at[start : start + AT_ONCE], asked, house, at=at)
    reached, waiting = fates.pop("reached", 0), fates.pop("quiet_hours", 0)
    excluded = shown({reason: fates[reason] for reason in REASONS if fates[reason]}, scope)
    # With the whole and its parts a hidden one could be reckoned out: then the reach is told in fives.
    hides = any(cell.is_hidden for cell in excluded.values())
    return Forecast(
        len(persons), len(looked_at), Cell(reached - reached % SMALL if hides else reached), waiting, excluded
    )


def shown(counts: Mapping[str, int], scope: Scope) -> dict[str, Cell]:
    """Numbers by reason, as the scope's actor may read them."""
    is_brands = scope.actor.brand is not None
    return {
        reason: Cell(count, is_brands and reason in OF_OTHERS and count < SMALL) for reason, count in counts.items()
    }


async def _fates(persons: Sequence[UUID], asked: Asked, house: rules.Rules, *, at: datetime) -> Counter[str]:
    known = await knowing.people(persons, channel=asked.channel, brands=asked.speakers, rules=house, at=at)
    verdicts = (decide(asked, person.known, house, at=at) for person in known.values())
    return Counter(verdict.reason or "reached" for verdict in verdicts)
