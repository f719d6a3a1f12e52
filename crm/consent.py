"""What people allowed: give, withdraw, and the one gate that every hand-over passes at the moment it happens.

Promises that answers are only ever added, that the latest answer decides (a withdrawal wins a tie), and that a withdrawal which a merge
brought in counts from the merge on. Whoever gives an answer names the wording that was shown, where one was.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crm import history
from crm.database import current, insert
from crm.ids import uuid7
from crm.tables import Consent

Purpose = Literal["alliance_marketing", "share_with_brand", "share_with_dealer"]
State = Literal["given", "withdrawn"]

RECEIVERS: dict[str, str] = {
    "alliance_marketing": "alliance",
    "share_with_brand": "brand",
    "share_with_dealer": "dealer",
}


class Answer(msgspec.Struct, frozen=True):
    """One answer to one question for one brand; no channel means every channel."""

    purpose: Purpose
    brand: int
    state: State
    channel: str | None = None
    notice_version: int | None = None


class Standing(msgspec.Struct, frozen=True):
    """Where a person stands on one question today, and the consent row that says so."""

    purpose: str
    brand: int
    channel: str | None
    state: State
    consent: UUID
    captured_at: datetime


def rows(
    answers: Iterable[Answer],
    *,
    person: UUID,
    observation: UUID | None,
    captured_at: datetime,
    at: datetime,
    actor: str,
    evidence: bytes,
) -> list[Consent]:
    """Consent rows for answers, not yet written; `evidence` is what was received, of which the hash is kept."""
    evidence_hash = hashlib.sha256(evidence).digest()
    return [
        Consent(
            id=uuid7(at),
            observation=observation,
            person=person,
            purpose=answer.purpose,
            receiver_kind=RECEIVERS[answer.purpose],
            brand=answer.brand,
            channel=answer.channel,
            kind="separate",
            state=answer.state,
            notice_version=answer.notice_version,
            captured_at=captured_at,
            recorded_at=at,
            actor=actor,
            evidence_hash=evidence_hash,
        )
        for answer in answers
    ]


async def record(
    answers: Sequence[Answer], *, person: UUID, captured_at: datetime, at: datetime, actor: str, evidence: bytes
) -> None:
    """Add a person's answers and tell higher apps: what waited for them moves by itself, what stood on them is taken back."""
    await insert(
        rows(answers, person=person, observation=None, captured_at=captured_at, at=at, actor=actor, evidence=evidence)
    )
    await announce(answers, person=person, at=at)
    for answer in answers:
        await history.note(
            actor, f"consent_{answer.state}", "person", person, at=at, purpose=answer.purpose, brand=answer.brand
        )


async def give(
    person: UUID,
    *,
    purpose: Purpose,
    brands: Sequence[int],
    at: datetime,
    actor: str,
    notice_version: int | None = None,
) -> None:
    """The person agrees, now; a hold that waited for it releases itself."""
    answers = [Answer(purpose, brand, "given", notice_version=notice_version) for brand in brands]
    await record(answers, person=person, captured_at=at, at=at, actor=actor, evidence=_said(actor, answers))


async def withdraw(person: UUID, *, purpose: Purpose, brands: Sequence[int], at: datetime, actor: str) -> None:
    """The person takes consent back, now, for every channel; open offers that stood on it are taken back."""
    answers = [Answer(purpose, brand, "withdrawn") for brand in brands]
    await record(answers, person=person, captured_at=at, at=at, actor=actor, evidence=_said(actor, answers))


async def announce(answers: Iterable[Answer], *, person: UUID, at: datetime) -> None:
    """Tell higher apps which brands' sharing was given or withdrawn; marketing answers change nothing that is under way."""
    for state in ("given", "withdrawn"):
        brands = sorted({a.brand for a in answers if a.state == state and a.purpose == "share_with_dealer"})
        if brands:
            await history.tell(f"consent_{state}", [person], at=at, brands=brands)


async def standing(persons: Iterable[UUID], *, purpose: Purpose | None = None) -> dict[UUID, list[Standing]]:
    """Where surviving persons stand, by person, brand and channel; what merged into them counts as theirs."""
    found = await current().fetch(_STANDING, list(persons), purpose)
    standings: dict[UUID, list[Standing]] = {}
    for row in found:
        standings.setdefault(row["survivor"], []).append(Standing(*list(row.values())[1:]))
    return standings


def may_share(standings: Iterable[Standing], *, brand: int) -> Standing | None:
    """The consent on which this brand's dealer may be given the person's details; None when there is none in force."""
    mine = [s for s in standings if s.purpose == "share_with_dealer" and s.brand == brand]
    refused = _general_refusal(mine)
    return next(
        (s for s in mine if s.state == "given" and (refused is None or s.captured_at > refused.captured_at)), None
    )


def refuses_dealers(standings: Iterable[Standing], *, brand: int) -> bool:
    """Whether the person said no to this brand's dealers: then not even a request of theirs is a basis."""
    mine = [s for s in standings if s.purpose == "share_with_dealer" and s.brand == brand]
    return _general_refusal(mine) is not None and may_share(mine, brand=brand) is None


def _general_refusal(mine: Sequence[Standing]) -> Standing | None:
    return next((s for s in mine if s.state == "withdrawn" and s.channel is None), None)


def _said(actor: str, answers: Sequence[Answer]) -> bytes:
    return actor.encode() + b" " + msgspec.json.encode(answers)


# One row per (survivor, purpose, brand, channel): the answer in force. A withdrawal of a person who was merged counts from the merge on
# at the earliest, so that the stricter of two histories holds until the person speaks again.
_STANDING = """
select distinct on (survivor, purpose, brand, channel)
       survivor, purpose, brand, channel, state, id, counts_from
from (
    select asked.person as survivor, consent.*,
           case when consent.state = 'withdrawn' then greatest(consent.captured_at, merge.at) else consent.captured_at end
               as counts_from
    from unnest($1::uuid[]) as asked (person)
    cross join lateral (
        select asked.person as id union all select person.id from person where person.merged_into = asked.person
    ) as known_as
    join consent on consent.person = known_as.id
    left join merge on merge.loser = known_as.id and merge.undone_at is null
    where $2::text is null or consent.purpose = $2
) as answers
order by survivor, purpose, brand, channel, counts_from desc, state desc, recorded_at desc, id desc
"""
