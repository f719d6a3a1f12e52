"""How many an audience reaches, and who of it is left out and why: each person decided as they would be if it were sent now.

Promises the very decision that sending makes. What happens because of other brands is one number to a brand's own people: "<5" where it is small,
and then nothing else is exact from which it could be reckoned out.
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
# What may happen because of other brands: their cars, their messages, what they know of an address.
OF_OTHERS = ("no_address", "stopped", "bounced", "sister_owner", "precedence", "budget")
OTHERS = "others"


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
    def hides(self) -> bool:
        """Whether the reach is told in fives."""
        return self.total > 0 and (self.reached.is_hidden or any(cell.is_hidden for cell in self.excluded.values()))

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
    excluded: dict[str, int] = {reason: fates[reason] for reason in REASONS if fates[reason]}
    told = in_fives(reached) if hides(excluded, scope, of=len(persons)) else Cell(reached)
    return Forecast(len(persons), len(looked_at), told, waiting, shown(excluded, scope, of=len(persons)))


def shown(counts: Mapping[str, int], scope: Scope, *, of: int) -> dict[str, Cell]:
    """Numbers by reason, as the scope's actor may read them; of so few people that each is somebody, a brand's people read none."""
    if scope.actor.brand is None:
        return {reason: Cell(count) for reason, count in counts.items()}
    if of < SMALL:
        return {}
    own = {reason: Cell(count) for reason, count in counts.items() if reason not in OF_OTHERS}
    # Shown when it is nothing too, or that it is something would be told.
    return own | {OTHERS: few(_of_others(counts), scope)}


def hides(counts: Mapping[str, int], scope: Scope, *, of: int) -> bool:
    """Whether the whole and its parts must not be exact for the scope's actor, or what is hidden could be reckoned out."""
    return scope.actor.brand is not None and of > 0 and min(of, _of_others(counts)) < SMALL


def few(count: int, scope: Scope) -> Cell:
    """A number that may tell of other brands."""
    return Cell(count, is_hidden=scope.actor.brand is not None and count < SMALL)


def in_fives(count: int) -> Cell:
    """About how many."""
    return Cell(count - count % SMALL, is_hidden=count < SMALL)


def _of_others(counts: Mapping[str, int]) -> int:
    return sum(count for reason, count in counts.items() if reason in OF_OTHERS)


async def _fates(persons: Sequence[UUID], asked: Asked, house: rules.Rules, *, at: datetime) -> Counter[str]:
    known = await knowing.people(persons, channel=asked.channel, brands=asked.speakers, rules=house, at=at)
    verdicts = (decide(asked, person.known, house, at=at) for person in known.values())
    return Counter(verdict.reason or "reached" for verdict in verdicts)
