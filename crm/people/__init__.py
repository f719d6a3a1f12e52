"""Persons as one record: who survives a merge, what is known of them from everywhere, and how a merge is taken back.

Promises: the oldest id survives and the others point to it for ever; unmerge gives back exactly what merge took. The
machine is refused whom a person found to be different people.
"""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from crm.database import current, statement
from crm.errors import NotKnown, Refused
from crm.identity import observations
from crm.people import merging

MACHINE = "identity"


class AlreadyOne(Refused):
    sentence = "These are one person already."


class KnownApart(Refused):
    sentence = "Somebody found these to be different people; only a person can merge them."


class AlreadyUndone(Refused):
    sentence = "This merge was undone already."


class MergedFurther(Refused):
    sentence = "The survivor was merged further; undo merge {later} first."


class Said(msgspec.Struct, frozen=True):
    """A value of the golden record and how many observations gave it."""

    value: str
    times: int


class Source(msgspec.Struct, frozen=True):
    """One observation that the record rests on."""

    observation: UUID
    source: str
    external_id: str
    captured_at: datetime


class GoldenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a person, what staff put right and then the most frequent value first; personal, so never to be logged."""

    person: UUID
    no: int
    status: str
    version: int
    names: list[Said]
    phones: list[Said]
    emails: list[Said]
    wechat: list[Said]
    regions: list[Said]
    seen: list[Source]
    also_known_as: list[UUID]
    open_questions: int

    def __repr__(self) -> str:
        return f"GoldenRecord({self.person})"


class Member(NamedTuple):
    """An observation, named as its source named it, and whose it is."""

    source: str
    external_id: str
    person: UUID


async def merge(*persons: UUID, actor: str, reason: str, at: datetime) -> list[UUID]:
    """Make these one person, the oldest; returns one merge id per person that went, each of which can be undone.

    A merged id stands for its survivor. Refuses unknown ids and those that are one already; the machine also refuses
    pairs that are known to be apart, while a person's newer word lifts that.
    """
    found = await _survivors(persons)
    survivor, *losers = sorted({found[person] for person in persons})
    if not losers:
        raise AlreadyOne
    await _lift_apart([survivor, *losers], actor=actor)
    return [await merging.join(loser, survivor=survivor, actor=actor, reason=reason, at=at) for loser in losers]


async def unmerge(merge_id: UUID, *, actor: str, at: datetime, reason: str | None = None) -> UUID:
    """Take a merge back and remember that the two are apart; returns the person who is there again.

    What was linked since stays with the survivor. Refuses what is undone already, and a merge beneath a later one.
    """
    merge = await current().fetchrow("select * from merge where id = $1 for update", merge_id)
    if merge is None:
        raise NotKnown(kind="merge", code=merge_id)
    if merge["undone_at"]:
        raise AlreadyUndone
    await _lock([merge["survivor"], merge["loser"]])
    later = await current().fetchval("select id from merge where loser = $1 and undone_at is null", merge["survivor"])
    if later:
        raise MergedFurther(later=later)
    await merging.part(dict(merge), actor=actor, reason=reason, at=at)
    await keep_apart(merge["survivor"], merge["loser"], actor=actor, at=at)
    return UUID(str(merge["loser"]))


async def keep_apart(one: UUID, other: UUID, *, actor: str, at: datetime) -> None:
    """Remember that somebody found these two to be different people; the machine will never merge them."""
    person, second = sorted((one, other))
    await current().execute(
        "insert into no_merge (person, other, actor, at) values ($1, $2, $3, $4) on conflict do nothing",
        person,
        second,
        actor,
        at,
    )


async def lift_apart(one: UUID, other: UUID) -> None:
    """Forget that somebody found these two to be different people."""
    person, second = sorted((one, other))
    await current().execute("delete from no_merge where person = $1 and other = $2", person, second)


async def resolve_id(person: UUID) -> UUID:
    """Who this id stands for today; refuses an id that was never given out."""
    found = await current().fetchrow("select coalesce(merged_into, id) as survivor from person where id = $1", person)
    if found is None:
        raise NotKnown(kind="person", code=person)
    return UUID(str(found["survivor"]))


async def was_sent_by(person: UUID, *, source: int) -> bool:
    """Whether this source ever sent something about the person, under whatever id they were known at the time."""
    sent: bool = await current().fetchval(
        """
        select exists (
            select from person as asked
            join person as one_of
                on one_of.id = coalesce(asked.merged_into, asked.id)
                   or one_of.merged_into = coalesce(asked.merged_into, asked.id)
            join link on link.person = one_of.id and link.closed_at is null
            join observation on observation.id = link.observation
            where asked.id = $1 and observation.source = $2
        )
        """,
        person,
        source,
    )
    return sent


async def hold_still(persons: Collection[UUID]) -> dict[UUID, UUID]:
    """Keep others from merging these until the transaction ends; returns those that had gone, with their survivors."""
    held = await _lock(persons)
    gone = {person: into for person, into in held.items() if into}
    if gone:
        await _lock(set(gone.values()))
    return gone


async def show(person: UUID) -> GoldenRecord:
    """Everything known of a person from all observations that are linked now; personal values in clear."""
    survivor = await resolve_id(person)
    [head] = await current().fetch(statement("crm", "person_head"), survivor)
    rows = await current().fetch(statement("crm", "person_observations"), survivor)
    said = [observations.opened(row["particulars"], observation=row["id"]) for row in rows]
    righted = [row["righted"] for row in rows]
    return GoldenRecord(
        person=survivor,
        no=head["no"],
        status=head["status"],
        version=head["version"],
        names=_counted((one.name for one in said), righted),
        phones=_counted((one.phone or one.phone_masked for one in said), righted),
        emails=_counted((one.email for one in said), righted),
        wechat=_counted((one.unionid for one in said), righted),
        regions=_counted((row["region"] for row in rows), righted),
        seen=[Source(row["id"], row["source"], row["external_id"], row["captured_at"]) for row in rows],
        also_known_as=list(head["also"]),
        open_questions=head["questions"],
    )


async def members() -> AsyncIterator[Member]:
    """Every observation with its person, in the order of sources and their numbers; no personal data."""
    async for row in current().cursor(statement("crm", "person_members"), prefetch=1000):
        yield Member(*row.values())


async def _survivors(persons: Collection[UUID]) -> dict[UUID, UUID]:
    held = await _lock(persons)
    for person in persons:
        if person not in held:
            raise NotKnown(kind="person", code=person)
    survivors = {person: into or person for person, into in held.items()}
    await _lock(set(survivors.values()) - held.keys())
    return survivors


async def _lock(persons: Collection[UUID]) -> dict[UUID, UUID | None]:
    # In one statement and one order, so that two merges never wait for each other.
    rows = await current().fetch(
        "select id, merged_into from person where id = any($1::uuid[]) order by id for no key update", sorted(persons)
    )
    return {row["id"]: row["merged_into"] for row in rows}


async def _lift_apart(persons: Collection[UUID], *, actor: str) -> None:
    pairs = await current().fetch(statement("crm", "person_apart"), persons)
    if pairs and actor == MACHINE:
        raise KnownApart
    await current().executemany("delete from no_merge where person = $1 and other = $2", map(tuple, pairs))


def _counted(values: Iterable[str | None], righted: Iterable[bool]) -> list[Said]:
    """Oldest value first in; out comes what somebody put right last, then what was said most often."""
    pairs = [(value, by_us) for value, by_us in zip(values, righted, strict=True) if value]
    counted = [Said(value, times) for value, times in Counter(value for value, _ in pairs).most_common()]
    latest = next((value for value, by_us in reversed(pairs) if by_us), None)
    return sorted(counted, key=lambda one: one.value != latest)
