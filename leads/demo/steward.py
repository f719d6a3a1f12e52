"""Somebody of the alliance who looks after records: joins what the machine left apart, slips once and mends it.

Promises the same verbs that a person uses. Knows the truth of the invented people, which nobody else in the house does.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from crm import people

ACTOR = "staff:demo"
MOST_JOINED = 8

Truth: TypeAlias = Mapping[tuple[str, str], int]  # whose a registration really is, by source and number


async def join_split(truth: Truth, at: datetime) -> None:
    """Join some people whom the machine knows twice."""
    split = [records for records in (await _records(truth)).values() if len(records) > 1]
    for records in split[:MOST_JOINED]:
        await people.merge(*records, actor=ACTOR, reason="called them: one person", at=at)


async def slip_and_mend(truth: Truth, at: datetime) -> None:
    """Join two people who are two, see it, and take it back."""
    first, second = list((await _records(truth)).values())[-2:]
    for merge in await people.merge(first[0], second[0], actor=ACTOR, reason="same surname, same address", at=at):
        await people.unmerge(merge, actor=ACTOR, at=at)


async def _records(truth: Truth) -> dict[int, list[UUID]]:
    """The records of each human, in the order in which they were first seen."""
    records: defaultdict[int, dict[UUID, None]] = defaultdict(dict)
    async for member in people.members():
        if (human := truth.get((member.source, member.external_id))) is not None:
            records[human][member.person] = None
    # A record that holds two humans proves nothing about either.
    humans = Counter(person for found in records.values() for person in found)
    return {
        human: sole
        for human, found in sorted(records.items())
        if (sole := [person for person in found if humans[person] == 1])
    }
