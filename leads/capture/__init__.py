"""From a submission to a lead: idempotent, and in one commit with the person, the consents, the touchpoints and the first answer.

Promises that a source's external id makes one lead however often and from however many sides it is sent, that a repeat gets the first
answer, and that one bad item of a batch stands alone. What cannot be used is kept sealed for a while with the reason. Offers nothing yet:
each interest is due for the journey at once.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from campaigns import occasions, touchpoints
from crm import consent, history, identity, reference, vehicles
from crm.database import current, insert, lock_stripes, notify, statement
from crm.errors import NotThere
from crm.ids import uuid7
from crm.sources import Sender, sender
from crm.tables import Store
from leads import reading
from leads.capture import rows
from leads.capture.rows import RAW_KEPT, Draft, Placed, is_of_child
from leads.capture.shapes import Answer, CapturedInterest, Incoming, Met, Outcome
from leads.reading import Reading

__all__ = [
    "RAW_KEPT",
    "Answer",
    "CapturedInterest",
    "Incoming",
    "Met",
    "Mode",
    "Outcome",
    "Sender",
    "accept_many",
    "is_of_child",
    "sender",
    "show",
]

Mode = Literal["offer", "backfill"]

SUBMISSION_LOCKS = 2
CLOCK_TOLERANCE = timedelta(minutes=10)


class _First(msgspec.Struct, frozen=True):
    """What is known of an external id that was here before."""

    body_hash: bytes
    answer: Answer


async def accept_many(
    items: Sequence[Incoming], *, source: Sender, at: datetime, mode: Mode = "offer", import_id: UUID | None = None
) -> list[Outcome]:
    """Take in leads in their order, in the caller's transaction; one outcome per item, in the same order.

    `backfill` records people, consents and touchpoints, and offers nothing.
    """
    await lock_stripes(SUBMISSION_LOCKS, (f"{source.id}:{item.body.external_id}" for item in items))
    firsts = await _firsts(items, source=source)
    drafts, refused = await _sorted_out(items, firsts=firsts, at=at, mode=mode)
    created = await _write(list(drafts.values()), source=source, at=at, mode=mode, import_id=import_id)
    firsts |= {name: _First(rows.body_hash(drafts[name].item.body), answer) for name, answer in created.items()}
    await _keep_refused(items, refused, source=source, at=at)
    outcomes = [
        refused.get(index) or _fate(index, item, first=firsts[item.body.external_id], drafts=drafts)
        for index, item in enumerate(items)
    ]
    await _note_changed(items, outcomes, source=source, at=at)
    return outcomes


async def show(lead: UUID, *, source: Sender) -> Answer:
    """A lead as it stands now, for the source that sent it; for anybody else there is none."""
    found = await current().fetch(statement("leads", "lead_of_source"), lead, source.id)
    if not found:
        raise NotThere
    interests = [CapturedInterest(row["interest"], row["stage"], row["hold"]) for row in found if row["interest"]]
    return rows.answer(lead, found[0]["external_id"], interests, person=found[0]["person"], source=source)


async def _firsts(items: Sequence[Incoming], *, source: Sender) -> dict[str, _First]:
    found = await current().fetch(
        "select external_id, body_hash, answer from submission where source = $1 and external_id = any($2)",
        source.id,
        [item.body.external_id for item in items],
    )
    return {
        row["external_id"]: _First(row["body_hash"], msgspec.json.decode(row["answer"], type=Answer)) for row in found
    }


async def _sorted_out(
    items: Sequence[Incoming], *, firsts: Mapping[str, _First], at: datetime, mode: Mode
) -> tuple[dict[str, Draft], dict[int, Outcome]]:
    """The leads to make, by external id, and the outcomes of those that cannot be used, by index."""
    words, stores = await reference.load(), await _stores(items)
    drafts: dict[str, Draft] = {}
    refused: dict[int, Outcome] = {}
    for index, item in enumerate(items):
        name = item.body.external_id
        if name in firsts or name in drafts:
            continue
        understood = reading.read(item.body, reference=words, stores=stores)
        if understood.faults:
            refused[index] = Outcome("error", errors=understood.faults)
        else:
            drafts[name] = _draft(index, item, understood, at=at, mode=mode)
    return drafts, refused


def _draft(index: int, item: Incoming, understood: Reading, *, at: datetime, mode: Mode) -> Draft:
    return Draft(
        index=index,
        item=item,
        reading=understood,
        lead=uuid7(at),
        observation=item.met.observation if item.met else uuid7(at),
        # Nothing was captured after it was received; a device whose clock runs ahead is noted below.
        captured_at=min(item.body.captured_at.astimezone(UTC), at),
        stage="recorded" if mode == "backfill" else "identified",
    )


def _fate(index: int, item: Incoming, *, first: _First, drafts: Mapping[str, Draft]) -> Outcome:
    draft = drafts.get(item.body.external_id)
    observation = draft.observation if draft else None
    if draft and draft.index == index:
        return Outcome("created", first.answer, observation)
    return Outcome("repeat", first.answer, observation, changed=rows.body_hash(item.body) != first.body_hash)


async def _write(
    drafts: Sequence[Draft], *, source: Sender, at: datetime, mode: Mode, import_id: UUID | None
) -> dict[str, Answer]:
    """Everything that a 2xx stands for, table by table; the answers by external id."""
    if not drafts:
        return {}
    placed = await _place(drafts, source=source, at=at, import_id=import_id)
    answers = {one.draft.item.body.external_id: rows.first_answer(one, source=source) for one in placed}
    await insert([rows.lead(one, source=source, at=at) for one in placed])
    await insert([interest for one in placed for interest in one.interests])
    await insert([row for one in placed for row in rows.trade_in(one, at=at)])
    await _record_consents(placed, source=source, at=at)
    await _record_ledgers(placed, source=source, at=at, mode=mode)
    await vehicles.record(
        [
            vehicles.Owned(v, one.person, one.draft.observation, source.id)
            for one in placed
            if (v := one.draft.reading.vin)
        ],
        at=at,
    )
    submissions = [rows.submission(one, answers, source=source, at=at) for one in placed]
    await insert(submissions)
    await insert(
        [rows.raw(one.draft.item, s.id, source=source, at=at) for one, s in zip(placed, submissions, strict=True)]
    )
    await _note_clocks(drafts, source=source, at=at)
    await _tell_places(placed, at=at)
    await notify(history.CHANGES)
    return answers


async def _place(drafts: Sequence[Draft], *, source: Sender, at: datetime, import_id: UUID | None) -> list[Placed]:
    resolutions = await _resolved(drafts, source=source, at=at, import_id=import_id)
    said = [rows.occasion(draft) for draft in drafts]
    where = await occasions.locate(said, at=at)
    return [
        Placed(
            draft=draft,
            person=resolution.person,
            known_person=resolution.outcome == "linked",
            contradicts=resolution.contradicts,
            where=where[occasion],
            interests=rows.interests(
                draft,
                source=source,
                where=where[occasion],
                hold=rows.hold(draft, contradicts=resolution.contradicts),
                at=at,
            ),
        )
        for draft, resolution, occasion in zip(drafts, resolutions, said, strict=True)
    ]


async def _resolved(
    drafts: Sequence[Draft], *, source: Sender, at: datetime, import_id: UUID | None
) -> list[identity.Resolution]:
    """The person of each draft, in their order; whoever was met before is who they were."""
    strangers = [draft for draft in drafts if draft.item.met is None]
    observed = [rows.observed(draft, source=source, at=at, import_id=import_id) for draft in strangers]
    found = iter(await identity.resolve(observed, at=at) if observed else [])
    return [identity.Resolution(met.person, "linked") if (met := draft.item.met) else next(found) for draft in drafts]


async def _record_consents(placed: Sequence[Placed], *, source: Sender, at: datetime) -> None:
    await insert(
        [
            row
            for one in placed
            for row in consent.rows(
                one.draft.reading.answers,
                person=one.person,
                observation=one.draft.observation,
                captured_at=one.draft.captured_at,
                at=at,
                actor=f"source:{source.code}",
                evidence=one.draft.item.raw,
            )
        ]
    )
    # Nothing waits on the answers of somebody new.
    for one in placed:
        if one.known_person:
            await consent.announce(one.draft.reading.answers, person=one.person, at=at)


async def _tell_places(placed: Sequence[Placed], *, at: datetime) -> None:
    """Where somebody known lives may be what an earlier wish of theirs waits for."""
    told = {one.person for one in placed if one.known_person and one.draft.reading.region}
    if told:
        await history.tell("place_told", told, at=at)


async def _record_ledgers(placed: Sequence[Placed], *, source: Sender, at: datetime, mode: Mode) -> None:
    if source.test:
        return
    await touchpoints.record_touches(
        [touch for one in placed if one.draft.item.met is None for touch in rows.touches(one, at=at)]
    )
    if mode == "offer":
        await touchpoints.record_milestones([fact for one in placed for fact in rows.facts(one, at=at)])


async def _note_clocks(drafts: Sequence[Draft], *, source: Sender, at: datetime) -> None:
    for draft in drafts:
        ahead = draft.item.body.captured_at - at
        if ahead > CLOCK_TOLERANCE:
            await history.note(
                f"source:{source.code}", "clock_ahead", "lead", draft.lead, at=at, seconds=int(ahead.total_seconds())
            )


async def _note_changed(
    items: Sequence[Incoming], outcomes: Sequence[Outcome], *, source: Sender, at: datetime
) -> None:
    """Note repeats that say something else than the first time; what counts is still the first."""
    changed = {item.body.external_id for item, outcome in zip(items, outcomes, strict=True) if outcome.changed}
    if changed:
        await current().execute(
            "update submission set changed_at = $3 where source = $1 and external_id = any($2)",
            source.id,
            sorted(changed),
            at,
        )


async def _keep_refused(
    items: Sequence[Incoming], refused: Mapping[int, Outcome], *, source: Sender, at: datetime
) -> None:
    await insert(
        [
            rows.raw(
                items[index], None, source=source, at=at, reason="; ".join(f["path"] for f in outcome.errors)[:400]
            )
            for index, outcome in refused.items()
        ]
    )


async def _stores(items: Sequence[Incoming]) -> dict[str, int]:
    # Only when somebody asks for one, so that capture works, and as fast, with no stores at all.
    if not any(said.preferred_store for item in items for said in item.body.interests):
        return {}
    return {row["code"]: row["id"] for row in await Store.select(Store.code, Store.id)}
