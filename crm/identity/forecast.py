"""Whom observations would be linked to if they came now, in their order: for dry runs.

Promises to decide as `crm.identity.resolve` does, on what is known and on what was foreseen before, without a write or a lock. What others
bring in between is of course not foreseen.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID, uuid4

from crm.identity import digests, observations
from crm.identity.digests import Key
from crm.identity.neighbourhood import Neighbourhood
from crm.identity.observations import Observed
from crm.identity.profiles import Profile
from crm.identity.scoring import decide


class Forecast:
    """Remembers what it foresaw, so that the second enquiry of somebody new meets the first; in memory only."""

    def __init__(self) -> None:
        self._profiles: dict[UUID, Profile] = {}
        self._led_to: defaultdict[bytes, dict[UUID, None]] = defaultdict(dict)

    async def known(self, observed: Sequence[Observed]) -> list[bool]:
        """Whether each would be linked to somebody who is there by then; reads in the caller's transaction."""
        seen = [observations.seen(observations.particulars(one), region=one.region) for one in observed]
        keys = [digests.of(one) for one in seen]
        here = await Neighbourhood.around(key for own in keys for key in own)
        self._remind(here, (key for own in keys for key in own))
        newcomers = [Profile(person=uuid4()) for _ in seen]
        for newcomer, one in zip(newcomers, seen, strict=True):
            newcomer.add(one)
        return [self._place(newcomer, own, here) for newcomer, own in zip(newcomers, keys, strict=True)]

    def _place(self, newcomer: Profile, keys: Sequence[Key], here: Neighbourhood) -> bool:
        near = here.near(keys)
        verdict = decide(newcomer, near, known=here.known(newcomer))
        is_known = verdict.best is not None and verdict.outcome == "linked"
        person = verdict.best.profile.person if verdict.best and is_known else newcomer.person
        here.crowded(newcomer, near)
        here.take_in(person, newcomer, keys)
        for other in verdict.same:
            here.merge(here.now(person), other.person)
        self._keep(here, here.now(person), keys)
        return is_known

    def _keep(self, here: Neighbourhood, person: UUID, keys: Iterable[Key]) -> None:
        self._profiles[person] = here.profiles[person]
        for key in keys:
            self._led_to[key.match_key][person] = None

    def _remind(self, here: Neighbourhood, keys: Iterable[Key]) -> None:
        for key in keys:
            for person in self._led_to.get(key.match_key, ()):
                here.profiles[person] = self._profiles[person]
                here.led_to[key.match_key][person] = None
