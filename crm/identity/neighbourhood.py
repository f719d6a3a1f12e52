"""The persons around a batch of observations: who is near enough to be compared, and what is known of them.

Promises one read of persons for the whole batch, and that whoever is taken in is there for the next in line. Keeps
personal values in memory for the batch only. A value that leads to a crowd leads nowhere: nobody meets thousands.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Self
from uuid import UUID

from crm.database import current, statement
from crm.identity import observations
from crm.identity.digests import Key, value_key
from crm.identity.profiles import Profile
from crm.identity.scoring import Known, crowds_among

NEAREST = 30  # persons compared with one observation
LATEST_PER_KEY = 60
LATEST_PER_PERSON = 40
LATELY = 5000  # persons over which the sharing of phones is measured
UNSHARED = 100  # persons without a shared phone that are assumed before there are any


class Neighbourhood:
    """Persons by the digests that lead to them."""

    def __init__(self, *, crowds: dict[bytes, int], apart: frozenset[frozenset[UUID]], sharing: float) -> None:
        self.crowds = crowds
        self.apart = apart
        self.sharing = sharing
        self.profiles: dict[UUID, Profile] = {}
        self.became: dict[UUID, UUID] = {}
        self.merges: list[tuple[UUID, UUID]] = []
        # Dicts as ordered sets: the same batch must always meet the same persons.
        self.led_to: defaultdict[bytes, dict[UUID, None]] = defaultdict(dict)

    @classmethod
    async def around(cls, keys: Iterable[Key]) -> Self:
        """Everybody whom these keys lead to; hold their locks first, or two batches read past each other."""
        wanted = sorted({key.match_key for key in keys})
        rows = await current().fetch(
            statement("crm", "identity_candidates"), wanted, LATEST_PER_KEY, LATEST_PER_PERSON, NEAREST
        )
        persons = [row["person"] for row in rows]
        [around] = await current().fetch(statement("crm", "identity_surroundings"), wanted, persons, LATELY)
        here = cls(
            crowds=dict(zip(around["crowded"], around["crowds"], strict=True)),
            apart=frozenset(frozenset(pair) for pair in around["apart"]),
            sharing=float(around["shared"] + 1) / float(around["persons"] + UNSHARED),
        )
        for row in rows:
            here._settle(
                row["person"], row["match_keys"], zip(row["ids"], row["particulars"], row["regions"], strict=True)
            )
        return here

    def near(self, keys: Sequence[Key]) -> list[Profile]:
        """The persons to compare with, those with a strong value in common first."""
        met = dict.fromkeys(self.now(person) for key in keys for person in self.led_to.get(key.match_key, ()))
        return [self.profiles[person] for person in islice(met, NEAREST)]

    def known(self, newcomer: Profile) -> Known:
        """What weighing needs to know beside the persons."""
        values = newcomer.phones | newcomer.emails
        crowds = {value: self.crowds[key] for value in values if (key := value_key(value)) in self.crowds}
        apart = frozenset(frozenset(map(self.now, pair)) for pair in self.apart)
        return Known(crowds=crowds, apart=apart, sharing=self.sharing)

    def take_in(self, person: UUID, newcomer: Profile, keys: Iterable[Key]) -> None:
        """From now on the newcomer is part of this person."""
        before = self.profiles.get(person, Profile(person=person))
        self.profiles[person] = before.joined(newcomer)
        for key in keys:
            self.led_to[key.match_key][person] = None

    def merge(self, one: UUID, other: UUID) -> None:
        """From now on both are the older one; `merges` remembers (survivor, loser) for the tables."""
        survivor, loser = sorted((one, other))
        self.profiles[survivor] = self.profiles[survivor].joined(self.profiles.pop(loser))
        self.became[loser] = survivor
        self.merges.append((survivor, loser))

    def now(self, person: UUID) -> UUID:
        """Who this person is after the merges of this batch."""
        while person in self.became:
            person = self.became[person]
        return person

    def crowded(self, newcomer: Profile, met: Iterable[Profile]) -> dict[bytes, tuple[str, int]]:
        """The newcomer's values that differently named people gave, and how many, where that is news."""
        counted = crowds_among(newcomer, [*met, newcomer], known=self.known(newcomer).crowds)
        found: dict[bytes, tuple[str, int]] = {}
        for value, names in counted.items():
            key = value_key(value)
            if names > max(self.crowds.get(key, 1), 1):
                found[key] = ("email" if "@" in value else "phone", names)
                self.crowds[key] = names
        return found

    def _settle(
        self, person: UUID, match_keys: Iterable[bytes], story: Iterable[tuple[UUID, bytes, str | None]]
    ) -> None:
        self.profiles[person] = Profile(person=person)
        for match_key in match_keys:
            self.led_to[match_key][person] = None
        for observation, sealed, region in story:
            self.profiles[person].add(
                observations.seen(observations.opened(sealed, observation=observation), region=region)
            )
