"""A lead in the making, and the rows that it becomes; nothing here asks the database.

What a person typed freely (remark, address, notes, a car) is sealed in its row; codes and times are plain.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from campaigns import touchpoints
from campaigns.occasions import Known, Occasion
from campaigns.tables import Milestone, Touchpoint
from campaigns.touchpoints import TOUCH_BY_SOURCE, Fact
from crm import vault
from crm.identity import Observed
from crm.ids import uuid7
from leads import kinds, reading
from leads.capture.shapes import Answer, CapturedInterest, Incoming, Sender
from leads.reading import Reading
from leads.submission import ContactPreference, LeadBody
from leads.tables import Interest, Lead, RawPayload, Submission, TradeIn

RAW_KEPT = timedelta(days=90)


class Draft(msgspec.Struct, frozen=True):
    """A lead in the making: what came, what it means, and the ids it will have."""

    index: int
    item: Incoming
    reading: Reading
    lead: UUID
    observation: UUID
    captured_at: datetime
    stage: str


class Placed(msgspec.Struct, frozen=True):
    """A draft with its person and its campaign: all that its rows need."""

    draft: Draft
    person: UUID
    known_person: bool
    contradicts: bool
    where: Known
    interests: list[Interest]


def observed(draft: Draft, *, source: Sender, at: datetime, import_id: UUID | None) -> Observed:
    """What the draft says about its person, for identity."""
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


def occasion(draft: Draft) -> Occasion:
    """Where the draft says the person was met."""
    said = draft.item.body.source
    return Occasion(said.campaign, said.event, said.booth)


def hold(draft: Draft, *, contradicts: bool) -> str | None:
    """Why the draft's interests wait from the start, if they do."""
    if draft.stage == "recorded":
        return None
    if contradicts:
        return "needs_review"
    # A child's own request is no basis either: it waits for a guardian's consent.
    return "no_consent" if reading.is_child(draft.item.body.remark) else None


def interests(draft: Draft, *, source: Sender, where: Known, hold: str | None, at: datetime) -> list[Interest]:
    """One row per wish, due for the journey at once unless it waits."""
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
            captured_at=draft.captured_at,
            campaign=where.campaign,
            source=source.id,
            region=draft.reading.region,
        )
        for wish in draft.reading.interests
    ]


def answer(lead: UUID, external_id: str, interests: list[CapturedInterest], *, person: UUID, source: Sender) -> Answer:
    """What the source gets back for a lead that stands so."""
    stage, hold = kinds.of_lead([(interest.stage, interest.hold) for interest in interests])
    reference_outside = vault.outside_reference(source.principal, person)
    return Answer(lead, external_id, stage, hold, reference_outside, interests)


def first_answer(one: Placed, *, source: Sender) -> Answer:
    """What the source gets back now, and with every repeat."""
    captured = [CapturedInterest(interest.id, interest.stage, interest.hold) for interest in one.interests]
    return answer(one.draft.lead, one.draft.item.body.external_id, captured, person=one.person, source=source)


def lead(one: Placed, *, source: Sender, at: datetime) -> Lead:
    """The lead itself; what was typed freely is sealed."""
    body, read = one.draft.item.body, one.draft.reading
    preference = body.contact_preference or ContactPreference()
    return Lead(
        id=one.draft.lead,
        observation=one.draft.observation,
        person=one.person,
        hold=None if one.interests else "no_interest",
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


def trade_in(one: Placed, *, at: datetime) -> list[TradeIn]:
    """The car to be given in payment, sealed, where one was named."""
    if (car := one.draft.item.body.trade_in) is None:
        return []
    fresh = uuid7(at)
    sealed = vault.seal(msgspec.json.encode(car).decode(), place=f"trade_in|sealed|{fresh}")
    return [TradeIn(id=fresh, lead=one.draft.lead, sealed=sealed)]


def touches(one: Placed, *, at: datetime) -> list[Touchpoint]:
    """One touchpoint per brand that was asked for, or one without a brand."""
    brands = sorted({i.brand for i in one.interests if i.brand is not None}) or [None]
    return [
        Touchpoint(
            id=uuid7(at),
            person=one.person,
            observation=one.draft.observation,
            kind=int(TOUCH_BY_SOURCE[one.draft.item.body.source.kind]),
            campaign=one.where.campaign,
            event=one.where.event,
            booth=one.where.booth,
            brand=brand,
            at=one.draft.captured_at,
            recorded_at=at,
        )
        for brand in brands
    ]


def facts(one: Placed, *, at: datetime) -> list[Milestone]:
    """The milestone `lead`, once per interest."""
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


def submission(one: Placed, answers: Mapping[str, Answer], *, source: Sender, at: datetime) -> Submission:
    """The submission with its first answer, by which repeats are known."""
    body = one.draft.item.body
    return Submission(
        id=uuid7(at),
        source=source.id,
        external_id=body.external_id,
        body_hash=body_hash(body),
        received_at=at,
        lead=one.draft.lead,
        answer=msgspec.json.encode(answers[body.external_id]).decode(),
    )


def raw(
    item: Incoming, submission: UUID | None, *, source: Sender, at: datetime, reason: str | None = None
) -> RawPayload:
    """The body as it came, sealed for a while; `reason` says why it was refused, if it was."""
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


def body_hash(body: LeadBody) -> bytes:
    """What two bodies that say the same have in common, however they were typed."""
    # Keyed: who knows everything of a body but the phone could find that out from a plain hash.
    return vault.match_key("body", msgspec.json.encode(body).decode())
