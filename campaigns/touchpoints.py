"""The two ledgers beneath every report: dated contacts (touchpoints) and dated facts that count (milestones).

Promises one standing milestone per interest and kind however often it is told, and that a row is retracted, never
changed, so that a report can be read as of any moment. Knows leads and interests by id alone; whoever tells a milestone
holds its interest or offer locked.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import IntEnum
from typing import TypeAlias
from uuid import UUID

from asyncpg import Record

from campaigns.tables import Milestone, Touchpoint
from crm.database import current, insert, statement
from crm.ids import uuid7


class Touch(IntEnum):
    """The kinds of touchpoint, as the ledger stores them."""

    registration = 1
    lead_form = 2
    call = 3
    visit = 4
    arrival = 5  # by an import whose medium nobody told; its code is `import`, which Python keeps for itself
    booking = 6
    invitation_sent = 7
    invitation_opened = 8
    invitation_clicked = 9
    landing = 10  # of somebody unknown: a visitor id stands in `person`


class Fact(IntEnum):
    """The kinds of milestone in the order of the funnel, as the ledger stores them."""

    lead = 1
    offered = 2
    accepted = 3
    contacted = 4
    test_drive = 5
    deposit = 6
    order = 7
    delivered = 8


TOUCH_BY_SOURCE = {
    "event_desk": Touch.registration,
    "web_form": Touch.lead_form,
    "mini_program": Touch.lead_form,
    "ad_platform": Touch.lead_form,
    "phone": Touch.call,
    "walk_in": Touch.visit,
    "import": Touch.arrival,
}

Told: TypeAlias = tuple[UUID, int]  # an interest and the kind of fact told about it


async def record_touches(rows: Sequence[Touchpoint]) -> None:
    """Write touchpoints in one statement."""
    await insert(rows)


async def record_milestones(rows: Sequence[Milestone]) -> None:
    """Write the facts that do not stand yet; a fact told again changes nothing unless it brings another value.

    Then the standing row is retracted and a new one stands: the earlier date, the new value.
    """
    told = {(row.interest, row.kind): row for row in rows}
    standing = await _standing(told.values())
    corrected = [row for key, row in told.items() if key in standing and _brings_value(row, standing[key])]
    for row in corrected:
        wrong = standing[row.interest, row.kind]
        await retract([wrong], at=row.recorded_at)
        row.at = min(row.at, wrong.at)
    await insert([row for key, row in told.items() if key not in standing] + corrected)


async def retract(milestones: Sequence[Milestone], *, at: datetime) -> None:
    """Take facts back from `at` on; reports as of an earlier moment still count them."""
    if milestones:
        keys = sorted((row.person, row.at, row.id) for row in milestones)
        await current().execute(statement("campaigns", "retract_milestones"), *map(list, zip(*keys, strict=True)), at)


async def retract_told(*, observations: Sequence[UUID], interests: Sequence[UUID], at: datetime) -> None:
    """Take back from `at` on all that was told on the occasion of these, who were never there: an import was undone."""
    await _retracted(observations=observations, interests=interests, at=at)


async def give_campaign(
    campaign: int | None, *, observations: Sequence[UUID], interests: Sequence[UUID], at: datetime
) -> None:
    """What was told on the occasion of these is this campaign's from `at` on: each row retracted, and a new one in its place.

    Contacts go with the facts, or a campaign had leads whom it never met; event and booth stay what they were, for there it happened.
    Reports as of an earlier moment count all where it was. The caller holds the offers of the interests, through which facts are told.
    """
    touches, facts = await _retracted(observations=observations, interests=interests, at=at)
    changed = {"campaign": campaign, "recorded_at": at, "retracted_at": None}
    await insert([Touchpoint(**{**row, "id": uuid7(at), **changed}) for row in touches])
    await insert([Milestone(**{**row, "id": uuid7(at), **changed}) for row in facts])


async def adopt(visitor: UUID, *, person: UUID, observation: UUID, at: datetime) -> int:
    """A visitor is known from now on: their landings are retracted and told anew of the person; says how many these are.

    Reports as of an earlier moment still have a visitor there; what was adopted once belongs to that person for good.
    """
    landings = await current().fetch(statement("campaigns", "retract_landings"), visitor, int(Touch.landing), at)
    known = {"person": person, "observation": observation, "recorded_at": at, "retracted_at": None}
    await insert([Touchpoint(**{**row, "id": uuid7(at), **known}) for row in landings])
    return len(landings)


def milestone(
    fact: Fact,
    *,
    person: UUID,
    lead: UUID,
    interest: UUID,
    campaign: int | None,
    brand: int | None,
    at: datetime,
    recorded_at: datetime,
    store: int | None = None,
    value_fen: int | None = None,
) -> Milestone:
    """A milestone ready to be recorded; `person` is the lead's person of the time, one for all facts of an interest."""
    return Milestone(
        id=uuid7(recorded_at),
        person=person,
        lead=lead,
        interest=interest,
        kind=int(fact),
        campaign=campaign,
        brand=brand,
        store=store,
        value_fen=value_fen,
        at=at,
        recorded_at=recorded_at,
        retracted_at=None,
    )


async def _retracted(
    *, observations: Sequence[UUID], interests: Sequence[UUID], at: datetime
) -> tuple[list[Record], list[Record]]:
    """The touchpoints and milestones that stood until now: the very rows that this took back."""
    touches = await current().fetch(statement("campaigns", "retract_touchpoints_told"), observations, at)
    facts = await current().fetch(statement("campaigns", "retract_milestones_told"), interests, at)
    return touches, facts


async def _standing(rows: Iterable[Milestone]) -> dict[Told, Milestone]:
    # By person first: the ledger is kept in the order of persons.
    asked = [(row.person, row.interest, row.kind) for row in rows]
    if not asked:
        return {}
    found = await current().fetch(statement("campaigns", "standing_milestones"), *map(list, zip(*asked, strict=True)))
    return {(row["interest"], row["kind"]): Milestone(**row) for row in found}


def _brings_value(row: Milestone, standing: Milestone) -> bool:
    return row.value_fen is not None and row.value_fen != standing.value_fen
