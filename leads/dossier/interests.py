"""The wishes of a lead: where each stands and since when, which stores had it, and what they said.

Promises that every wish passed the reader's scope in its own statement, and that a wish which joined another one's offer shows that offer.
Refuses nothing: a lead without wishes has none.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import vault
from crm.database import current, statement
from crm.roles import Scope, numbered
from leads import kinds

SOON = timedelta(minutes=10)
# The steps shown of every interest; a stage between two of them stands in the place of the one before it.
STEPS = ("captured", "identified", "cleared", "offered", "accepted", "contacted", "test_drive", "order")
BETWEEN = {
    "recorded": "captured",
    "alliance_queue": "cleared",
    "appointment": "contacted",
    "visited": "contacted",
    "quoted": "test_drive",
    "deposit": "order",
    "delivered": "order",
}


class OfferSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An offer of an interest, its own or one that it joined."""

    id: UUID
    interest: UUID
    joined: bool
    store: str
    store_name: str
    state: str
    basis: str
    receipt: UUID
    offered_at: datetime
    answer_due_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    note: str | None

    @property
    def is_open(self) -> bool:
        """Whether a dealer has it in hand."""
        return self.state in ("offered", "accepted")

    def is_late(self, at: datetime) -> bool:
        """Whether the store has not answered in time."""
        return self.state == "offered" and self.answer_due_at <= at

    def is_soon(self, at: datetime) -> bool:
        """Whether its answer is due within ten minutes."""
        return self.state == "offered" and at < self.answer_due_at <= at + SOON


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A disposition of a dealer, opened."""

    offer: UUID
    kind: str
    at: datetime
    reason: str | None
    value_fen: int | None
    next_follow_up_at: datetime | None
    note: str | None


class InterestSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One wish, where it stands and since when; `steps` are (step, when it was reached)."""

    id: UUID
    brand: int | None
    model: str | None
    kind: str
    stage: str
    hold: str | None
    preferred_store: str | None
    due_at: datetime | None
    offers: tuple[OfferSeen, ...]
    answers: tuple[Answer, ...]
    steps: tuple[tuple[str, datetime | None], ...]
    here: str

    @property
    def open_offer(self) -> OfferSeen | None:
        """The offer that a dealer has in hand."""
        return next((offer for offer in reversed(self.offers) if offer.is_open), None)

    @property
    def may_be_offered(self) -> bool:
        """Whether somebody may still choose its store by hand."""
        return self.brand is not None and self.hold != "spam" and kinds.RANKS[self.stage] < kinds.RANKS["deposit"]

    @property
    def may_change(self) -> bool:
        """Whether what is wanted may still be put right."""
        return kinds.RANKS[self.stage] <= kinds.RANKS["contacted"]


async def of_lead(
    lead: UUID, *, captured_at: datetime, received_at: datetime, scope: Scope
) -> tuple[InterestSeen, ...]:
    """The wishes of a lead that this reader may see, by rank."""
    query, values = numbered(statement("leads", "dossier_interests"), [scope.of_interests()], lead)
    rows = await current().fetch(query, *values)
    ids = [row["id"] for row in rows]
    offers = [_offer(row) for row in await current().fetch(statement("leads", "dossier_offers"), ids)]
    answers = [
        _answer(row)
        for row in await current().fetch(statement("leads", "dossier_answers"), [offer.id for offer in offers])
    ]
    begun = {"captured": captured_at, "identified": received_at}
    return tuple(_interest(row, begun, offers, answers) for row in rows)


def _interest(
    row: Record, begun: Mapping[str, datetime], offers: Sequence[OfferSeen], answers: Sequence[Answer]
) -> InterestSeen:
    mine = tuple(offer for offer in offers if offer.interest == row["id"])
    told = tuple(answer for answer in answers if answer.offer in {offer.id for offer in mine})
    here = _step(row["stage"], mine, told)
    return InterestSeen(
        **{name: row[name] for name in _OF_INTEREST},
        offers=mine,
        answers=told,
        steps=_steps(row["stage"], here, _moments(begun, mine, told)),
        here=row["stage"],
    )


def _step(stage: str, offers: Sequence[OfferSeen], answers: Sequence[Answer]) -> str:
    """The step in whose place a stage is shown; a lost interest stands where it was lost."""
    if stage != "lost":
        return BETWEEN.get(stage, stage)
    reached = [answer.kind for answer in answers if answer.kind in STEPS or answer.kind in BETWEEN]
    furthest = max(reached, key=lambda kind: kinds.RANKS[kind], default="accepted" if offers else "identified")
    return BETWEEN.get(furthest, furthest)


def _moments(
    begun: Mapping[str, datetime], offers: Sequence[OfferSeen], answers: Sequence[Answer]
) -> dict[str, datetime]:
    moments = dict(begun)
    if offers:
        moments["cleared"] = offers[0].offered_at
        moments["offered"] = offers[-1].offered_at
    if offers and (accepted := offers[-1].accepted_at):
        moments["accepted"] = accepted
    for answer in answers:
        moments.setdefault(BETWEEN.get(answer.kind, answer.kind), answer.at)
    return moments


def _steps(stage: str, here: str, moments: Mapping[str, datetime]) -> tuple[tuple[str, datetime | None], ...]:
    shown = [stage if step == here and (stage in BETWEEN or stage == "lost") else step for step in STEPS]
    passed = STEPS.index(here)
    return tuple(
        (name, moments.get(step) if place <= passed else None)
        for place, (name, step) in enumerate(zip(shown, STEPS, strict=True))
    )


def _offer(row: Record) -> OfferSeen:
    note = vault.open_(row["note"], place=f"offer|note|{row['id']}") if row["note"] else None
    return OfferSeen(**{**row, "note": note})


def _answer(row: Record) -> Answer:
    note = vault.open_(row["note"], place=f"disposition|note|{row['id']}") if row["note"] else None
    return Answer(**{name: row[name] for name in Answer.__struct_fields__ if name != "note"}, note=note)


_OF_INTEREST = ("id", "brand", "model", "kind", "stage", "hold", "preferred_store", "due_at")
