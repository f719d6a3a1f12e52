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

from campaigns import planning, touchpoints
from campaigns.planning import Known, Occasion
from campaigns.tables import Milestone, Touchpoint
from campaigns.touchpoints import CONTACT_BY_SOURCE, Fact
from crm import consent, history, identity, reference, vault, vehicles
from crm.database import current, insert, lock_stripes, notify, statement
from crm.errors import Fault, Invalid, NotThere
from crm.identity import Observed
from crm.ids import uuid7
from crm.tables import Store
from leads import kinds, reading
from leads.reading import Reading
from leads.submission import ContactPreference, LeadBody
from leads.tables import Interest, Lead, RawPayload, Submission, TradeIn

Mode = Literal["offer", "backfill"]

SUBMISSION_LOCKS = 2
RAW_KEPT = timedelta(days=90)
CLOCK_TOLERANCE = timedelta(minutes=10)


class CapturedInterest(msgspec.Struct, frozen=True):
    """One interest as its source may see it."""

    id: UUID
    stage: str
    hold: str | None


class Answer(msgspec.Struct, frozen=True):
    """What a source gets back for a lead; `person_id` is its own reference to the person, unlike any other principal's."""

    id: UUID
    external_id: str
    stage: str
    hold: str | None
    person_id: str
    interests: list[CapturedInterest]


class Incoming(msgspec.Struct, frozen=True):
    """A decoded body, the bytes it came in, and its row where it came from a file."""

    body: LeadBody
    raw: bytes
    row_no: int | None = None


class Sender(msgspec.Struct, frozen=True):
    """The source that sends; leads of a `test` source never count in reports."""

    id: int
    code: str
    test: bool

    @property
    def principal(self) -> str:
        """The name by which its person references are keyed."""
        return f"source:{self.code}"


class Outcome(msgspec.Struct, frozen=True):
    """The fate of one item: created and repeat carry the answer, error its faults; `changed` marks a repeat with another body."""

    fate: Literal["created", "repeat", "error"]
    answer: Answer | None = None
    observation: UUID | None = None
    errors: list[Fault] = []
    changed: bool = False

    @property
    def lead_id(self) -> UUID | None:
        """The lead, where there is one."""
        return self.answer.id if self.answer else None


class _First(msgspec.Struct, frozen=True):
    """What is known of an external id that was here before."""

    body_hash: bytes
    answer: Answer


class _Draft(msgspec.Struct, frozen=True):
    """A lead in the making: what came, what it means, and the ids it will have."""

    index: int
    item: Incoming
    reading: Reading
    lead: UUID
    observation: UUID
    captured_at: datetime
    stage: str


class _Placed(msgspec.Struct, frozen=True):
    """A draft with its person and its campaign: all that its rows need."""

    draft: _Draft
    person: UUID
    known_person: bool
    contradicts: bool
    where: Known
    interests: list[Interest]


async def sender(source: int) -> Sender:
    """The source with this id, as capture needs it."""
    row = await current().fetchrow("select id, code, test from source where id = $1", source)
    if row is None:
        raise NotThere
    return Sender(*row.values())


async def accept(item: Incoming, *, source: Sender, at: datetime) -> Outcome:
    """Take in one lead; refuses with every fault when it cannot be used."""
    outcome = (await accept_many([item], source=source, at=at))[0]
    if outcome.fate == "error":
        raise Invalid(errors=outcome.errors)
    return outcome


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
    firsts |= {name: _First(_body_hash(drafts[name].item.body), answer) for name, answer in created.items()}
    await _keep_refused(items, refused, source=source, at=at)
    outcomes = [
        refused.get(index) or _fate(index, item, first=firsts[item.body.external_id], drafts=drafts)
        for index, item in enumerate(items)
    ]
    await _note_changed(items, outcomes, source=source, at=at)
    return outcomes


async def show(lead: UUID, *, source: Sender) -> Answer:
    """A lead as it stands now, for the source that sent it; for anybody else there is none."""
    rows = await current().fetch(statement("leads", "lead_of_source"), lead, source.id)
    if not rows:
        raise NotThere
    interests = [CapturedInterest(row["interest"], row["stage"], row["hold"]) for row in rows if row["interest"]]
    return _answer(lead, rows[0]["external_id"], interests, person=rows[0]["person"], source=source)


def _answer(lead: UUID, external_id: str, interests: list[CapturedInterest], *, person: UUID, source: Sender) -> Answer:
    stage, hold = kinds.of_lead([(interest.stage, interest.hold) for interest in interests])
    reference_outside = vault.outside_reference(source.principal, person)
    return Answer(lead, external_id, stage, hold, reference_outside, interests)


async def _firsts(items: Sequence[Incoming], *, source: Sender) -> dict[str, _First]:
    rows = await current().fetch(
        "select external_id, body_hash, answer from submission where source = $1 and external_id = any($2)",
        source.id,
        [item.body.external_id for item in items],
    )
    return {
        row["external_id"]: _First(row["body_hash"], msgspec.json.decode(row["answer"], type=Answer)) for row in rows
    }


async def _sorted_out(
    items: Sequence[Incoming], *, firsts: Mapping[str, _First], at: datetime, mode: Mode
) -> tuple[dict[str, _Draft], dict[int, Outcome]]:
    """The leads to make, by external id, and the outcomes of those that cannot be used, by index."""
    words, stores = await reference.load(), await _stores(items)
    drafts: dict[str, _Draft] = {}
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


def _draft(index: int, item: Incoming, understood: Reading, *, at: datetime, mode: Mode) -> _Draft:
    return _Draft(
        index=index,
        item=item,
        reading=understood,
        lead=uuid7(at),
        observation=uuid7(at),
        # Nothing was captured after it was received; a device whose clock runs ahead is noted below.
        captured_at=min(item.body.captured_at.astimezone(UTC), at),
        stage="recorded" if mode == "backfill" else "identified",
    )


def _fate(index: int, item: Incoming, *, first: _First, drafts: Mapping[str, _Draft]) -> Outcome:
    draft = drafts.get(item.body.external_id)
    observation = draft.observation if draft else None
    if draft and draft.index == index:
        return Outcome("created", first.answer, observation)
    return Outcome("repeat", first.answer, observation, changed=_body_hash(item.body) != first.body_hash)


async def _write(
    drafts: Sequence[_Draft], *, source: Sender, at: datetime, mode: Mode, import_id: UUID | None
) -> dict[str, Answer]:
    """Everything that a 2xx stands for, table by table; the answers by external id."""
    if not drafts:
        return {}
    placed = await _place(drafts, source=source, at=at, import_id=import_id)
    answers = {one.draft.item.body.external_id: _first_answer(one, source=source) for one in placed}
    await insert([_lead(one, source=source, at=at) for one in placed])
    await insert([interest for one in placed for interest in one.interests])
    await insert([row for one in placed for row in _trade_in(one, at=at)])
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
    submissions = [_submission(one, answers, source=source, at=at) for one in placed]
    await insert(submissions)
    await insert([_raw(one.draft.item, s.id, source=source, at=at) for one, s in zip(placed, submissions, strict=True)])
    await _note_clocks(drafts, source=source, at=at)
    await _tell_places(placed, at=at)
    await notify(history.CHANGES)
    return answers


async def _place(drafts: Sequence[_Draft], *, source: Sender, at: datetime, import_id: UUID | None) -> list[_Placed]:
    observed = [_observed(draft, source=source, at=at, import_id=import_id) for draft in drafts]
    resolutions = await identity.resolve(observed, at=at)
    occasions = [_occasion(draft) for draft in drafts]
    where = await planning.locate(occasions, at=at)
    return [
        _Placed(
            draft=draft,
            person=resolution.person,
            known_person=resolution.outcome == "linked",
            contradicts=resolution.contradicts,
            where=where[occasion],
            interests=_interests(draft, hold=_hold(draft, contradicts=resolution.contradicts), at=at),
        )
        for draft, resolution, occasion in zip(drafts, resolutions, occasions, strict=True)
    ]


def _observed(draft: _Draft, *, source: Sender, at: datetime, import_id: UUID | None) -> Observed:
    said, read = draft.item.body.person, draft.reading
    return Observed(
        id=draft.observation,
        source=source.id,
        external_id=draft.item.body.external_id,
        import_id=import_id,
        row_no=draft.item.row_no,
        captured_at=draft.captured_at,
        received_at=at,
        synthetic=source.test,
        region=read.region,
        name=read.name,
        phone=read.phone,
        email=read.email,
        wechat_account=read.wechat_account,
        unionid=read.unionid,
        vin=read.vin,
        name_typed=said.name,
        phone_typed=said.phone,
        email_typed=said.email,
    )


def _occasion(draft: _Draft) -> Occasion:
    said = draft.item.body.source
    return Occasion(said.campaign, said.event, said.booth)


def _hold(draft: _Draft, *, contradicts: bool) -> str | None:
    if draft.stage == "recorded":
        return None
    if contradicts:
        return "needs_review"
    # A child's own request is no basis either: it waits for a guardian's consent.
    return "no_consent" if reading.is_child(draft.item.body.remark) else None


def _interests(draft: _Draft, *, hold: str | None, at: datetime) -> list[Interest]:
    return [
        Interest(
            id=uuid7(at),
            lead=draft.lead,
            rank=wish.rank,
            brand=wish.brand,
            model=wish.model,
            kind=wish.kind,
            preferred_store=wish.preferred_store,
            stage=draft.stage,
            hold=hold,
            due_at=at if draft.stage == "identified" and hold is None else None,
        )
        for wish in draft.reading.interests
    ]


def _first_answer(one: _Placed, *, source: Sender) -> Answer:
    captured = [CapturedInterest(interest.id, interest.stage, interest.hold) for interest in one.interests]
    return _answer(one.draft.lead, one.draft.item.body.external_id, captured, person=one.person, source=source)


def _lead(one: _Placed, *, source: Sender, at: datetime) -> Lead:
    body, read = one.draft.item.body, one.draft.reading
    preference = body.contact_preference or ContactPreference()
    return Lead(
        id=one.draft.lead,
        observation=one.draft.observation,
        person=one.person,
        source=source.id,
        campaign=one.where.campaign,
        event=one.where.event,
        booth=one.where.booth,
        region=read.region,
        longitude=read.longitude,
        latitude=read.latitude,
        contact_channel=preference.channel,
        contact_not_before=preference.not_before,
        wishes=_wishes(one.draft.lead, body, preference),
        captured_at=one.draft.captured_at,
        received_at=at,
    )


def _wishes(lead: UUID, body: LeadBody, preference: ContactPreference) -> bytes | None:
    address = body.place.address if body.place else None
    said = {"remark": body.remark, "address": address, "note": preference.note}
    said = {what: text for what, text in said.items() if text}
    return vault.seal(msgspec.json.encode(said).decode(), place=f"lead|wishes|{lead}") if said else None


def is_of_child(lead: UUID, wishes: bytes | None) -> bool:
    """Whether what a lead sealed says that the person is under 14."""
    said = msgspec.json.decode(vault.open_(wishes, place=f"lead|wishes|{lead}")) if wishes else {}
    return reading.is_child(said.get("remark"))


def _trade_in(one: _Placed, *, at: datetime) -> list[TradeIn]:
    if (car := one.draft.item.body.trade_in) is None:
        return []
    fresh = uuid7(at)
    sealed = vault.seal(msgspec.json.encode(car).decode(), place=f"trade_in|sealed|{fresh}")
    return [TradeIn(id=fresh, lead=one.draft.lead, sealed=sealed)]


async def _record_consents(placed: Sequence[_Placed], *, source: Sender, at: datetime) -> None:
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


async def _tell_places(placed: Sequence[_Placed], *, at: datetime) -> None:
    """Where somebody known lives may be what an earlier wish of theirs waits for."""
    told = {one.person for one in placed if one.known_person and one.draft.reading.region}
    if told:
        await history.tell("place_told", told, at=at)


async def _record_ledgers(placed: Sequence[_Placed], *, source: Sender, at: datetime, mode: Mode) -> None:
    if source.test:
        return
    await touchpoints.record_touches([touch for one in placed for touch in _touches(one, at=at)])
    if mode == "offer":
        await touchpoints.record_milestones([fact for one in placed for fact in _lead_facts(one, at=at)])


def _touches(one: _Placed, *, at: datetime) -> list[Touchpoint]:
    brands = sorted({i.brand for i in one.interests if i.brand is not None}) or [None]
    return [
        Touchpoint(
            id=uuid7(at),
            person=one.person,
            observation=one.draft.observation,
            kind=int(CONTACT_BY_SOURCE[one.draft.item.body.source.kind]),
            campaign=one.where.campaign,
            event=one.where.event,
            booth=one.where.booth,
            brand=brand,
            at=one.draft.captured_at,
            recorded_at=at,
        )
        for brand in brands
    ]


def _lead_facts(one: _Placed, *, at: datetime) -> list[Milestone]:
    return [
        touchpoints.milestone(
            Fact.lead,
            person=one.person,
            lead=one.draft.lead,
            interest=interest.id,
            campaign=one.where.campaign,
            brand=interest.brand,
            at=one.draft.captured_at,
            recorded_at=at,
        )
        for interest in one.interests
    ]


def _submission(one: _Placed, answers: Mapping[str, Answer], *, source: Sender, at: datetime) -> Submission:
    body = one.draft.item.body
    return Submission(
        id=uuid7(at),
        source=source.id,
        external_id=body.external_id,
        body_hash=_body_hash(body),
        received_at=at,
        lead=one.draft.lead,
        answer=msgspec.json.encode(answers[body.external_id]).decode(),
    )


def _raw(
    item: Incoming, submission: UUID | None, *, source: Sender, at: datetime, reason: str | None = None
) -> RawPayload:
    fresh = uuid7(at)
    return RawPayload(
        id=fresh,
        source=source.id,
        submission=submission,
        sealed=vault.seal(item.raw.decode(errors="replace"), place=f"raw_payload|sealed|{fresh}"),
        reason=reason,
        received_at=at,
        purge_after=at + RAW_KEPT,
    )


async def _note_clocks(drafts: Sequence[_Draft], *, source: Sender, at: datetime) -> None:
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
            _raw(items[index], None, source=source, at=at, reason="; ".join(f["path"] for f in outcome.errors)[:400])
            for index, outcome in refused.items()
        ]
    )


async def _stores(items: Sequence[Incoming]) -> dict[str, int]:
    # Only when somebody asks for one, so that capture works, and as fast, with no stores at all.
    if not any(said.preferred_store for item in items for said in item.body.interests):
        return {}
    return {row["code"]: row["id"] for row in await Store.select(Store.code, Store.id)}


def _body_hash(body: LeadBody) -> bytes:
    # Keyed: who knows everything of a body but the phone could find that out from a plain hash.
    return vault.match_key("body", msgspec.json.encode(body).decode())
