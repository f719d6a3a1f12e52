"""A lead as staff read it at the terminal: its interests, where each was offered, and what waits. Personal data stays masked."""

from datetime import datetime
from uuid import UUID

import msgspec

from crm import masks
from crm.database import current, statement
from crm.errors import NotKnown
from crm.identity import observations
from leads import kinds


class OfferSeen(msgspec.Struct, frozen=True):
    """One offer of an interest."""

    id: UUID
    store: str
    store_name: str
    state: str
    offered_at: datetime
    answer_due_at: datetime
    expires_at: datetime
    reason: str | None


class InterestSeen(msgspec.Struct, frozen=True):
    """One interest with its offers, oldest first."""

    id: UUID
    brand: str | None
    model: str | None
    kind: str
    stage: str
    hold: str | None
    due_at: datetime | None
    offers: list[OfferSeen]


class LeadSeen(msgspec.Struct, frozen=True):
    """A lead as a whole; name, phone and e-mail are masked."""

    id: UUID
    external_id: str
    source: str
    campaign: str | None
    person: UUID
    name: str | None
    phone: str | None
    email: str | None
    region: str | None
    captured_at: datetime
    received_at: datetime
    stage: str
    hold: str | None
    interests: list[InterestSeen]


async def show(lead: UUID) -> LeadSeen:
    """Everything staff need to know of a lead; refuses an id that is none."""
    row = await current().fetchrow(statement("leads", "lead_seen"), lead)
    if row is None:
        raise NotKnown(kind="lead", code=lead)
    said = observations.opened(row["particulars"], observation=row["observation"])
    interests = [_interest(dict(one)) for one in await current().fetch(statement("leads", "interests_seen"), lead)]
    stage, hold = kinds.of_lead([(one.stage, one.hold) for one in interests])
    return LeadSeen(
        id=lead,
        external_id=row["external_id"],
        source=row["source"],
        campaign=row["campaign"],
        person=row["person"],
        name=masks.name(said.name),
        phone=masks.phone(said),
        email=masks.email(said.email),
        region=row["region"],
        captured_at=row["captured_at"],
        received_at=row["received_at"],
        stage=stage,
        hold=hold,
        interests=interests,
    )


def as_text(seen: LeadSeen) -> str:
    """The lead on a terminal, an interest a paragraph."""
    contact = ", ".join(filter(None, (seen.phone, seen.email))) or "no phone or e-mail"
    lines = [
        f"{seen.id}  {seen.source} {seen.external_id}  {seen.stage}{f' ({seen.hold})' if seen.hold else ''}",
        f"  {seen.name or 'no name'}, {contact}; person {seen.person}",
        f"  captured {seen.captured_at:%Y-%m-%d %H:%M} UTC, {seen.campaign or 'no campaign'}, {seen.region or 'place unknown'}",
    ]
    for interest in seen.interests:
        hold = f", held: {interest.hold}" if interest.hold else ""
        lines.append(
            f"  {interest.brand or '?'} {interest.model or ''} {interest.kind}: {interest.stage}{hold}  {interest.id}"
        )
        lines += [
            f"    {offer.offered_at:%m-%d %H:%M} {offer.store} {offer.store_name}: {offer.state} {offer.reason or ''}".rstrip()
            for offer in interest.offers
        ]
    return "\n".join(lines)


def _interest(row: dict[str, object]) -> InterestSeen:
    offers = msgspec.json.decode(str(row.pop("offers") or "[]"), type=list[OfferSeen])
    return InterestSeen(**row, offers=offers)  # type: ignore[arg-type]
