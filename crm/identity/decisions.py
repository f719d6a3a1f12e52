"""What was decided about observations, as rows: persons, links, decisions with parts, keys, hubs, questions for people.

Promises one write per table however many observations there are, and that every link can be explained by its decision.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

import msgspec

from crm import people
from crm.database import current, insert, statement
from crm.identity import digests, observations
from crm.identity.digests import Key
from crm.identity.observations import Observed, Particulars
from crm.identity.profiles import Seen
from crm.identity.scoring import Part, Verdict, Weighed, model, words
from crm.ids import uuid7
from crm.people import finding
from crm.tables import Decision, Link, Person, ReviewTask


class Arrival(msgspec.Struct, frozen=True):
    """One observation in the forms in which it is kept, compared and found again."""

    observed: Observed
    said: Particulars
    seen: Seen
    keys: list[Key]


class Placed(msgspec.Struct, frozen=True):
    """One arrival with its person and the reasons; `hubs` is what it showed about values that several people gave."""

    arrival: Arrival
    person: UUID
    verdict: Verdict
    decision: UUID
    hubs: Mapping[bytes, tuple[str, int]]


class Reason(msgspec.Struct, frozen=True):
    """One decision about a person, ready to be read by people; each part has name, points and words."""

    at: datetime
    observation: UUID
    outcome: str
    score: float | None
    margin: float | None
    runner_up: UUID | None
    weights_version: int
    actor: str
    parts: list[dict[str, Any]]


async def record(placed: Sequence[Placed], *, at: datetime) -> None:
    """Write everything that these placings mean, in the order that the tables' promises want."""
    await insert([_person(one, at=at) for one in placed if one.verdict.outcome != "linked"])
    await insert([observations.row(one.arrival.observed, one.arrival.said) for one in placed])
    await insert([_decision(one, at=at) for one in placed])
    await insert([_link(one, at=at) for one in placed])
    await _insert_keys(placed)
    await finding.remember(_findable(placed))
    await _remember_hubs(placed, at=at)
    await _ask(placed, at=at)


async def about(person: UUID) -> list[Reason]:
    """The decisions about everything that is linked to this person now, in order."""
    rows = await current().fetch(statement("crm", "person_decisions"), person)
    return [Reason(**{**row, "parts": msgspec.json.decode(row["parts"])}) for row in rows]


def _person(one: Placed, *, at: datetime) -> Person:
    status = "provisional" if one.verdict.outcome == "provisional" else "active"
    return Person(id=one.person, status=status, created_at=at)


def _decision(one: Placed, *, at: datetime) -> Decision:
    best = one.verdict.best
    return Decision(
        id=one.decision,
        observation=one.arrival.observed.id,
        person=one.person,
        outcome=one.verdict.outcome,
        parts=msgspec.json.encode([_told(part) for part in best.parts] if best else []).decode(),
        score=best.total if best else None,
        runner_up=_other(one),
        margin=one.verdict.margin,
        weights_version=model().version,
        actor=people.MACHINE,
        at=at,
    )


def _other(one: Placed) -> UUID | None:
    # Of a new person, the one they were nearly taken for; of a link, who else was in question.
    other: Weighed | None = one.verdict.runner_up if one.verdict.outcome == "linked" else one.verdict.best
    return other.profile.person if other else None


def _told(part: Part) -> dict[str, Any]:
    told = {"name": part.name, "points": round(part.points, 2), "words": words(part.name)}
    return told | {"names": part.names} if part.names > 1 else told


def _link(one: Placed, *, at: datetime) -> Link:
    return Link(
        id=uuid7(at), observation=one.arrival.observed.id, person=one.person, decision=one.decision, opened_at=at
    )


def _findable(placed: Iterable[Placed]) -> Iterator[tuple[UUID, datetime, Particulars]]:
    for one in placed:
        yield one.arrival.observed.id, one.arrival.observed.captured_at, one.arrival.said


async def _insert_keys(placed: Iterable[Placed]) -> None:
    # Six rows for every observation: without a Table instance for each, the whole batch takes a third less (2026-11).
    records = [
        (key.kind, key.namespace, digests.VERSION, key.match_key, one.arrival.observed.id)
        for one in placed
        for key in one.arrival.keys
    ]
    columns = ("kind", "namespace", "key_version", "match_key", "observation")
    await current().copy_records_to_table("identity_key", records=records, columns=columns)


async def _remember_hubs(placed: Iterable[Placed], *, at: datetime) -> None:
    hubs = dict(sorted(chain.from_iterable(one.hubs.items() for one in placed)))
    if not hubs:
        return
    kinds, names = zip(*hubs.values(), strict=True)
    await current().execute(
        """
        insert into hub_value (match_key, kind, distinct_names, noted_at)
        select match_key, kind, names, $4
        from unnest($1::bytea[], $2::text[], $3::int[]) as given (match_key, kind, names)
        on conflict (match_key) do update
            set distinct_names = greatest(hub_value.distinct_names, excluded.distinct_names)
        """,
        list(hubs),
        list(kinds),
        list(names),
        at,
    )


async def _ask(placed: Iterable[Placed], *, at: datetime) -> None:
    tasks = {(task.person, task.other): task for one in placed for task in _questions(one, at=at)}
    if not tasks:
        return
    open_ones = await current().fetch(
        "select person, other from review_task where closed_at is null and person = any($1::uuid[])",
        [person for person, _ in tasks],
    )
    for row in open_ones:
        tasks.pop((row["person"], row["other"]), None)
    await insert(list(tasks.values()))


def _questions(one: Placed, *, at: datetime) -> Iterable[ReviewTask]:
    kind = one.verdict.question or "possible_same"
    asked = [it.person for it in one.verdict.maybe_same]
    if one.verdict.question and one.verdict.best:
        asked = [one.verdict.best.profile.person]
    for other in asked:
        yield ReviewTask(
            id=uuid7(at),
            kind=kind,
            person=one.person,
            other=other,
            observation=one.arrival.observed.id,
            decision=one.decision,
            opened_at=at,
        )
