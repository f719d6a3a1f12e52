"""Two known persons beside each other: what speaks for and against their being one, as it would be weighed today.

Promises the same weights as for an enquiry that comes in, without their deciding anything. Personal values stay within; what is told are parts.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from asyncpg import Record

from crm.database import current
from crm.identity import digests, observations
from crm.identity.neighbourhood import LATEST_PER_PERSON, Neighbourhood
from crm.identity.profiles import Profile, Seen
from crm.identity.scoring import Known, Part, crowds_among, model, weigh

RIVAL_FROM = 0.0  # points below which somebody else is not in question


class Rival(msgspec.Struct, frozen=True):
    """Somebody else in question, and how much speaks for them."""

    person: UUID
    total: float


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: the parts with their sum, who comes next, and the sum from which the machine would have joined the two."""

    total: float
    parts: tuple[Part, ...]
    next: Rival | None
    needed: float


async def weigh_up(person: UUID, other: UUID, *, newcomer: bool) -> Weighed:
    """Weigh two persons; a `newcomer` needs a lead over the next likely one, two who were known before need more to be joined."""
    here, mine = await _around(person)
    theirs = here.profiles.get(other) or await _profile(other)
    known = _known(here, mine, theirs, careful=not newcomer)
    found = weigh(mine, theirs, known=known)
    next_ = next(iter(_ranked(here, mine, known, without={person, other})), None)
    rival = next_.total if next_ else 0.0
    needed = max(model().link, rival + model().margin) if newcomer else model().merge
    parts = tuple(sorted(found.parts, key=lambda part: -part.points))
    return Weighed(total=found.total, parts=parts, next=next_, needed=needed)


async def rivals(person: UUID, *, without: UUID) -> list[Rival]:
    """Who else the person may be, the likeliest first, of those who reach the sum that links."""
    here, mine = await _around(person)
    known = _known(here, mine, mine, careful=False)
    return [it for it in _ranked(here, mine, known, without={person, without}) if it.total >= model().link]


async def _around(person: UUID) -> tuple[Neighbourhood, Profile]:
    rows = await _observations(person)
    seen = [_seen(row) for row in rows]
    here = await Neighbourhood.around(key for one in seen for key in digests.of(one))
    mine = Profile(person=person)
    for one in seen:
        mine.add(one)
    return here, mine


async def _profile(person: UUID) -> Profile:
    profile = Profile(person=person)
    for row in await _observations(person):
        profile.add(_seen(row))
    return profile


def _known(here: Neighbourhood, mine: Profile, theirs: Profile, *, careful: bool) -> Known:
    known = here.known(mine)
    crowds = crowds_among(mine, [*here.profiles.values(), theirs], known=known.crowds)
    if careful:
        # As when an observation bridges two: a value that only these share was not looked up, it may be a household's.
        shared = (mine.phones & theirs.phones) | (mine.emails & theirs.emails)
        crowds |= {value: max(crowds.get(value, 1), 2) for value in shared}
    return msgspec.structs.replace(known, crowds=crowds)


def _ranked(here: Neighbourhood, mine: Profile, known: Known, *, without: set[UUID]) -> list[Rival]:
    others = [it for it in here.profiles.values() if it.person not in without]
    found = [Rival(it.person, weigh(mine, it, known=known).total) for it in others]
    return sorted((it for it in found if it.total > RIVAL_FROM), key=lambda it: (-it.total, it.person))


def _seen(row: Record) -> Seen:
    return observations.seen(observations.opened(row["particulars"], observation=row["id"]), region=row["region"])


async def _observations(person: UUID) -> Sequence[Record]:
    rows: Sequence[Record] = await current().fetch(
        """
        select observation.id, observation.particulars, observation.region
        from link join observation on observation.id = link.observation
        where link.person = $1 and link.closed_at is null
        order by link.opened_at desc, link.id desc limit $2
        """,
        person,
        LATEST_PER_PERSON,
    )
    return rows
