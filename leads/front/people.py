"""One person who came by several ways, and why we took them for one: the story behind a record.

Promises masked names and numbers only. Prefers people whose names were spelled in several ways: those need a reason.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

import msgspec
from asyncpg import Record

from crm import masks, normalise, reference
from crm.database import current, statement
from crm.identity import observations, scoring
from crm.identity.scoring import Part
from crm.reference import BrandFacts

SIGHTINGS = (3, 5)
LOOKED_AT = 40


class Sighting(msgspec.Struct, frozen=True):
    """One time that the person was observed; `spelling` is how the name was given."""

    captured_at: datetime
    source_kind: str
    campaign: str | None
    brands: tuple[BrandFacts, ...]
    name: str
    spelling: str
    phone: str
    place: str
    outcome: str
    evidence: tuple[str, ...]
    score: float | None


class Evidence(msgspec.Struct, frozen=True):
    """One part of a decision, in words that still have to be translated."""

    words: str
    points: float


class PersonCase(msgspec.Struct, frozen=True):
    """A person and the decision with the most to tell; `needed` is the score that links."""

    no: int
    name: str
    sightings: tuple[Sighting, ...]
    evidence: tuple[Evidence, ...]
    score: float
    runner_up: float | None
    needed: float
    decided_at: datetime

    @property
    def brands(self) -> tuple[BrandFacts, ...]:
        """Every brand that the person met."""
        met = {brand.code: brand for sighting in self.sightings for brand in sighting.brands}
        return tuple(sorted(met.values(), key=lambda brand: brand.rank))


async def chosen() -> PersonCase | None:
    """The person with the most to tell, or nobody."""
    found = await current().fetch(statement("leads", "front_people"), *SIGHTINGS, LOOKED_AT)
    rows = await current().fetch(statement("leads", "front_sightings"), [row["person"] for row in found])
    brands = (await reference.load()).brands
    cases = [_case(list(sightings), brands=brands) for _, sightings in groupby(rows, key=lambda row: row["person"])]
    return max((case for case in cases if case), key=_worth_telling, default=None)


def _worth_telling(case: PersonCase) -> float:
    """Different spellings first, then brands, ways in, and evidence on both sides; the longest known wins a tie."""
    return (
        4 * len({sighting.spelling for sighting in case.sightings})
        + 2 * len({sighting.name for sighting in case.sightings})
        + len(case.brands)
        + len({(sighting.campaign, sighting.source_kind) for sighting in case.sightings})
        + len(case.evidence)
        + 4 * any(part.points < 0 for part in case.evidence)
        - case.no / 1e9
    )


def _case(rows: Sequence[Record], *, brands: dict[str, BrandFacts]) -> PersonCase | None:
    linked = [row for row in rows if row["outcome"] == "linked"]
    if not linked:
        return None
    telling = max(linked, key=_speaks_both_ways)
    sightings = tuple(_sighting(row, brands=brands) for row in rows)
    whole = [sighting for sighting in sightings if sighting.spelling == "full"] or sightings
    rival = telling["score"] - telling["margin"] if telling["margin"] is not None else None
    model = scoring.model()
    return PersonCase(
        no=telling["no"],
        name=whole[0].name,
        sightings=sightings,
        evidence=tuple(Evidence(scoring.words(part.name), part.points) for part in _parts(telling)),
        score=telling["score"],
        runner_up=rival,
        needed=max(model.link, (rival or 0) + model.margin),
        decided_at=telling["captured_at"],
    )


def _speaks_both_ways(row: Record) -> tuple[bool, int]:
    return any(part.points < 0 for part in _parts(row)), len(_parts(row))


def _sighting(row: Record, *, brands: dict[str, BrandFacts]) -> Sighting:
    said = observations.opened(row["particulars"], observation=row["observation"])
    return Sighting(
        captured_at=row["captured_at"],
        source_kind=row["source_kind"],
        campaign=row["campaign"],
        brands=tuple(brands[code] for code in row["brands"]),
        name=masks.name(said.name) or "–",
        spelling=normalise.name(said.name or "").kind,
        phone=masks.phone(said) or "–",
        place=row["place"],
        outcome=row["outcome"],
        evidence=tuple(scoring.words(part.name) for part in _parts(row) if part.points > 0),
        score=row["score"],
    )


def _parts(row: Record) -> list[Part]:
    parts = msgspec.json.decode(row["parts"], type=list[Part])
    return sorted(parts, key=lambda part: -part.points)
