"""Who is this? Observations become links to persons, in the order in which they came, with the reasons kept.

Promises: of two observations with a strong value in common that arrive at once, the later one sees the earlier; every
link has its decision, every doubt a review task. Never refuses: an observation that nobody can place is a new person.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crm import people
from crm.database import lock_stripes
from crm.identity import decisions, digests, observations
from crm.identity.decisions import Arrival, Placed, Reason
from crm.identity.neighbourhood import Neighbourhood
from crm.identity.observations import Observed
from crm.identity.profiles import Profile
from crm.identity.scoring import decide
from crm.ids import uuid7
from crm.languages import later

__all__ = ["Observed", "Reason", "Resolution", "explain", "resolve"]

IDENTITY_LOCKS = 1


class Resolution(msgspec.Struct, frozen=True):
    """Where an observation went: `outcome` linked, provisional or new; `contradicts` when it should wait for people."""

    person: UUID
    outcome: str
    contradicts: bool = False


async def resolve(observed: Sequence[Observed], *, at: datetime) -> list[Resolution]:
    """Write these observations and give each its person, in arrival order; one Resolution each, in the same order.

    Where a newcomer proves two known persons to be one, they are merged; where it merely suggests so, people are asked.
    """
    arrivals = [_arrive(one) for one in observed]
    strong = (key.match_key.hex() for arrival in arrivals for key in arrival.keys if key.is_strong)
    await lock_stripes(IDENTITY_LOCKS, strong)
    here = await Neighbourhood.around(key for arrival in arrivals for key in arrival.keys)
    numbers = zip(_in_order(len(arrivals), at=at), _in_order(len(arrivals), at=at), strict=True)
    placed = [
        _place(arrival, here=here, person=person, decision=decision)
        for arrival, (person, decision) in zip(arrivals, numbers, strict=True)
    ]
    moved = await people.hold_still(_met(placed))
    placed = [msgspec.structs.replace(one, person=moved.get(one.person, one.person)) for one in placed]
    await decisions.record(placed, at=at)
    for pair in here.merges:
        moved |= await _merge(*(_latest(person, moved) for person in pair), at=at)
    return [_resolution(one, person=_latest(one.person, moved)) for one in placed]


async def explain(person: UUID) -> list[Reason]:
    """Why this person is one: the decisions about everything linked to them, in order, each part with its words."""
    return await decisions.about(await people.resolve_id(person))


def _arrive(observed: Observed) -> Arrival:
    said = observations.particulars(observed)
    seen = observations.seen(said, region=observed.region)
    return Arrival(observed, said, seen, digests.of(seen))


def _in_order(count: int, *, at: datetime) -> list[UUID]:
    # Ids of one millisecond are in no order by themselves; sorted, they tell who came first within the batch too.
    return sorted(uuid7(at) for _ in range(count))


def _place(arrival: Arrival, *, here: Neighbourhood, person: UUID, decision: UUID) -> Placed:
    newcomer = Profile(person=person)
    newcomer.add(arrival.seen)
    near = here.near(arrival.keys)
    verdict = decide(newcomer, near, known=here.known(newcomer))
    if verdict.best and verdict.outcome == "linked":
        person = verdict.best.profile.person
    hubs = here.crowded(newcomer, near)
    here.take_in(person, newcomer, arrival.keys)
    for other in verdict.same:
        here.merge(here.now(person), other.person)
    return Placed(arrival, person, verdict, decision, hubs)


def _met(placed: Iterable[Placed]) -> set[UUID]:
    """Everybody of the batch whom somebody else could be merging at this moment."""
    joined = {one.person for one in placed if one.verdict.outcome == "linked"}
    return joined.union(other.person for one in placed for other in one.verdict.same)


async def _merge(one: UUID, other: UUID, *, at: datetime) -> dict[UUID, UUID]:
    """Returns the one that went, with where it went; nothing when others were quicker or took the two apart meanwhile."""
    survivor, loser = sorted((one, other))
    try:
        await people.merge(
            one, other, actor=people.MACHINE, reason=later("one observation shows both to be one"), at=at
        )
    except (people.AlreadyOne, people.KnownApart):
        return {}
    return {loser: survivor}


def _latest(person: UUID, moved: Mapping[UUID, UUID]) -> UUID:
    while person in moved:
        person = moved[person]
    return person


def _resolution(one: Placed, *, person: UUID) -> Resolution:
    return Resolution(person, one.verdict.outcome, contradicts=one.verdict.question == "contradiction")
