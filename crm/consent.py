"""What people allowed: give, withdraw, and the one gate that every hand-over passes at the moment it happens.

Promises that answers are only ever added, that the latest answer decides (a withdrawal wins a tie), and that a withdrawal in force
which a merge brought in counts from the merge on. Whoever gives an answer names the wording that was shown, where one was.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Self, TypeAlias
from uuid import UUID

import msgspec

from crm import history, vault
from crm.database import current, insert
from crm.ids import uuid7
from crm.tables import Consent

Purpose = Literal["alliance_marketing", "share_with_brand", "share_with_dealer"]
State = Literal["given", "withdrawn"]
Question: TypeAlias = tuple[str, int, str | None]  # purpose, brand, channel

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


class _Said(NamedTuple):
    # An answer in force among those of one person; `captured_at` is when it counts from.
    person: UUID
    purpose: str
    brand: int
    channel: str | None
    state: State
    consent: UUID
    captured_at: datetime
    recorded_at: datetime

    @property
    def question(self) -> Question:
        return self.purpose, self.brand, self.channel

    @property
    def weight(self) -> tuple[datetime, bool, datetime, UUID]:
        return self.captured_at, self.state == "withdrawn", self.recorded_at, self.consent

    @property
    def standing(self) -> Standing:
        return Standing(self.purpose, self.brand, self.channel, self.state, self.consent, self.captured_at)

    def since(self, merged_at: datetime) -> Self:
        """The same answer brought in by a merge: a no counts from there, until the person speaks again."""
        return self._replace(captured_at=max(self.captured_at, merged_at)) if self.state == "withdrawn" else self


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
    # Keyed: who knows everything of what was received but the phone could find that out from a plain hash.
    evidence_hash = vault.match_key("evidence", hashlib.sha256(evidence).hexdigest())
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


async def standing(
    persons: Iterable[UUID], *, purpose: Purpose | None = None, unheard: Iterable[UUID] = ()
) -> dict[UUID, list[Standing]]:
    """Where surviving persons stand, by person, brand and channel; what merged into them counts as theirs.

    The consents `unheard` are left out of it: who asks knows why they do not count there.
    """
    asked = list(persons)
    said: dict[UUID, list[_Said]] = {}
    for row in await current().fetch(_ANSWERS, asked, purpose, list(unheard)):
        said.setdefault(row["person"], []).append(_Said(*row.values()))
    merged: dict[UUID, list[tuple[UUID, datetime]]] = {}
    for row in await current().fetch(_MERGES, asked) if said else []:
        merged.setdefault(row["survivor"], []).append((row["loser"], row["at"]))
    in_force = {person: _in_force(person, said, merged) for person in asked}
    return {person: [answer.standing for answer in answers] for person, answers in in_force.items() if answers}


def may_share(standings: Iterable[Standing], *, brand: int) -> Standing | None:
    """The consent on which this brand's dealer may be given the person's details; None when there is none in force.

    A dealer gets every detail: a yes to one channel is not enough beside a no to another, a general yes is.
    """
    given, refused = _answers_to_dealers(standings, brand=brand)
    return next((yes for yes in given if all(_outlasts(yes, no) for no in refused)), None)


def refuses_dealers(standings: Iterable[Standing], *, brand: int) -> bool:
    """Whether the person said no to this brand's dealers: then not even a request of theirs is a basis."""
    known = list(standings)
    return bool(_answers_to_dealers(known, brand=brand)[1]) and may_share(known, brand=brand) is None


def may_contact(standings: Iterable[Standing], *, brand: int, channel: str) -> Standing | None:
    """The consent on which this brand may write to the person by this channel; None when there is none in force.

    A yes to the channel or to every channel, later than each no to either: the latest word counts, and a no wins a tie.
    """
    mine = [answer for answer in _about_marketing(standings, brand=brand) if answer.channel in (None, channel)]
    refused = [answer.captured_at for answer in mine if answer.state == "withdrawn"]
    given = (answer for answer in mine if answer.state == "given")
    return next((yes for yes in given if all(yes.captured_at > no for no in refused)), None)


def refuses_contact(standings: Iterable[Standing], *, brand: int, channel: str) -> bool:
    """Whether the person took marketing by this brand on this channel back, or never allowed it but said no."""
    known = list(standings)
    said_no = any(
        answer.state == "withdrawn" and answer.channel in (None, channel)
        for answer in _about_marketing(known, brand=brand)
    )
    return said_no and may_contact(known, brand=brand, channel=channel) is None


def _about_marketing(standings: Iterable[Standing], *, brand: int) -> list[Standing]:
    return [one for one in standings if one.purpose == "alliance_marketing" and one.brand == brand]


def _outlasts(yes: Standing, no: Standing) -> bool:
    return yes.captured_at > no.captured_at if no.channel is None else yes.channel is None


def _answers_to_dealers(standings: Iterable[Standing], *, brand: int) -> tuple[list[Standing], list[Standing]]:
    mine = [s for s in standings if s.purpose == "share_with_dealer" and s.brand == brand]
    return [s for s in mine if s.state == "given"], [s for s in mine if s.state == "withdrawn"]


def _said(actor: str, answers: Sequence[Answer]) -> bytes:
    return actor.encode() + b" " + msgspec.json.encode(answers)


def _in_force(
    person: UUID, said: Mapping[UUID, list[_Said]], merged: Mapping[UUID, list[tuple[UUID, datetime]]]
) -> list[_Said]:
    """The answers that hold for a person, those of everybody merged into them among them, one for each question."""
    answers = list(said.get(person, []))
    for loser, at in merged.get(person, []):
        answers += [answer.since(at) for answer in _in_force(loser, said, merged)]
    latest = {answer.question: answer for answer in sorted(answers, key=lambda one: one.weight)}
    return sorted(latest.values(), key=lambda one: (one.purpose, one.brand, one.channel or ""))


# Every answer of these persons and of those merged into them. Grain: one row per consent. $1 survivors, $2 purpose or null for all,
# $3 consents to leave out.
# What an observation said that was taken back (an import undone) stays in the ledger and counts no more.
_ANSWERS = """
select consent.person, consent.purpose, consent.brand, consent.channel, consent.state, consent.id, consent.captured_at,
       consent.recorded_at
from unnest($1::uuid[]) as asked (person)
cross join lateral (
    select asked.person as id union all select person.id from person where person.merged_into = asked.person
) as known_as
join consent on consent.person = known_as.id
where ($2::text is null or consent.purpose = $2) and not consent.id = any($3::uuid[])
      and (consent.observation is null or exists (select from observation where observation.id = consent.observation))
"""

# The merges that made these persons what they are. Grain: one row per merge. $1 survivors.
_MERGES = """
select merge.loser, merge.survivor, merge.at
from person
join merge on merge.loser = person.id and merge.undone_at is null
where person.merged_into = any($1::uuid[])
"""
