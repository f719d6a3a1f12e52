"""One lead as staff see it: who asks, what for, where each wish stands, which stores have it, and what is to be done next.

Promises that everything here passed the reader's scope in its own statement, and that names, remarks and addresses are open only to whom the
person's consent or the reader's role allows. Phones and e-mails are always masked. Refuses a lead out of scope as one that does not exist.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import consent, masks, regions, sight, vault
from crm.consent import Standing
from crm.database import current, statement
from crm.errors import NotThere
from crm.identity import observations
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


class Sibling(msgspec.Struct, frozen=True):
    """Another enquiry of the same person."""

    id: UUID
    captured_at: datetime
    stage: str
    brands: list[int]


class Shared(msgspec.Struct, frozen=True):
    """One hand-over, from the sharing ledger."""

    at: datetime
    store: str
    store_name: str
    fields: str
    basis: str


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """A lead and what belongs to it. Personal, so never to be logged."""

    id: UUID
    number: str
    version: int
    person: UUID
    observation: UUID
    name: str | None
    is_in_clear: bool
    phone: str | None
    email: str | None
    has_wechat: bool
    region: str | None
    place: str | None
    address: str | None
    remark: str | None
    contact_note: str | None
    contact_channel: str | None
    contact_not_before: datetime | None
    trade_in: dict[str, Any] | None
    source: str
    source_kind: str
    is_test: bool
    external_id: str
    campaign: str | None
    campaign_name: str | None
    event: str | None
    booth: str | None
    entered_by: str | None
    captured_at: datetime
    received_at: datetime
    changed_at: datetime | None
    decision: str | None
    margin: float | None
    seen: int
    interests: tuple[InterestSeen, ...]
    standings: tuple[Standing, ...]
    siblings: tuple[Sibling, ...]
    elsewhere: int
    shared: tuple[Shared, ...]
    open_review: bool

    def __repr__(self) -> str:
        return f"Dossier({self.id})"

    @property
    def standing(self) -> tuple[str, str | None]:
        """Stage and hold of the lead as a whole."""
        return kinds.of_lead([(one.stage, one.hold) for one in self.interests])

    @property
    def most_urgent(self) -> InterestSeen | None:
        """The interest that somebody should look at first: a late one, then one that waits for people."""
        return min(self.interests, key=_urgency, default=None)

    def late(self, at: datetime) -> list[tuple[InterestSeen, OfferSeen]]:
        """The interests whose store has not answered in time."""
        return [(one, offer) for one in self.interests if (offer := one.open_offer) and offer.is_late(at)]


async def read(lead: UUID, *, scope: Scope) -> Dossier:
    """Everything that this reader may know of a lead."""
    query, values = numbered(statement("leads", "dossier_head"), [scope.of_leads()], lead)
    head = await current().fetchrow(query, *values)
    if head is None:
        raise NotThere
    said = observations.opened(head["particulars"], observation=head["observation"])
    clear = head["entered_by"] == scope.actor.id or bool(await sight.names_in_clear([head["person"]], scope))
    wishes = _opened(head["wishes"], f"lead|wishes|{lead}") if clear else {}
    siblings, elsewhere = await _siblings(lead, head["person"], scope=scope)
    interests = await _interests(lead, head, scope=scope)
    return Dossier(
        **{name: head[name] for name in _PLAIN},
        number=number(lead),
        entered_by=head["entered_by_name"],
        name=said.name if clear else masks.name(said.name),
        is_in_clear=clear,
        phone=masks.phone(said),
        email=masks.email(said.email),
        has_wechat=said.unionid is not None,
        place=place_name(head["region"]),
        address=wishes.get("address"),
        remark=wishes.get("remark"),
        contact_note=wishes.get("note"),
        trade_in=_car(head) if clear else None,
        seen=await _times_seen(head["person"], scope=scope),
        interests=interests,
        standings=await _standings(head["person"], scope=scope),
        siblings=siblings,
        elsewhere=elsewhere,
        shared=await _shared([offer.id for one in interests for offer in one.offers]),
    )


def number(lead: UUID) -> str:
    """How people name a lead to each other: the end of its id, which differs where the beginning tells the time."""
    return f"L-{lead.hex[-6:].upper()}"


def place_name(region: str | None) -> str | None:
    """City and district of a code."""
    if region is None or region not in regions.table():
        return None
    codes = dict.fromkeys((regions.city_of(region), region))
    return " ".join(regions.table()[code].name for code in codes if code)


def _urgency(one: InterestSeen) -> tuple[bool, bool, int]:
    offer = one.open_offer
    waits_for_people = one.hold is not None or one.stage == "alliance_queue"
    return not (offer and offer.state == "offered"), not waits_for_people, kinds.RANKS[one.stage]


async def _interests(lead: UUID, head: Record, *, scope: Scope) -> tuple[InterestSeen, ...]:
    query, values = numbered(statement("leads", "dossier_interests"), [scope.of_interests()], lead)
    rows = await current().fetch(query, *values)
    ids = [row["id"] for row in rows]
    offers = [_offer(row) for row in await current().fetch(statement("leads", "dossier_offers"), ids)]
    answers = [
        _answer(row)
        for row in await current().fetch(statement("leads", "dossier_answers"), [offer.id for offer in offers])
    ]
    return tuple(_interest(row, head, offers, answers) for row in rows)


def _interest(row: Record, head: Record, offers: Sequence[OfferSeen], answers: Sequence[Answer]) -> InterestSeen:
    mine = tuple(offer for offer in offers if offer.interest == row["id"])
    told = tuple(answer for answer in answers if answer.offer in {offer.id for offer in mine})
    here = _step(row["stage"], mine, told)
    return InterestSeen(
        **{name: row[name] for name in _OF_INTEREST},
        offers=mine,
        answers=told,
        steps=_steps(row["stage"], here, _moments(head, mine, told)),
        here=row["stage"],
    )


def _step(stage: str, offers: Sequence[OfferSeen], answers: Sequence[Answer]) -> str:
    """The step in whose place a stage is shown; a lost interest stands where it was lost."""
    if stage != "lost":
        return BETWEEN.get(stage, stage)
    reached = [answer.kind for answer in answers if answer.kind in STEPS or answer.kind in BETWEEN]
    furthest = max(reached, key=lambda kind: kinds.RANKS[kind], default="accepted" if offers else "identified")
    return BETWEEN.get(furthest, furthest)


def _moments(head: Record, offers: Sequence[OfferSeen], answers: Sequence[Answer]) -> dict[str, datetime]:
    moments = {"captured": head["captured_at"], "identified": head["received_at"]}
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


async def _siblings(lead: UUID, person: UUID, *, scope: Scope) -> tuple[tuple[Sibling, ...], int]:
    """The person's other enquiries that may be seen, and how many there are beside them."""
    if not scope.actor.may("people.see"):
        return (), 0
    conditions = [scope.of_interests(), scope.of_interests("seen"), scope.of_leads()]
    query, values = numbered(statement("leads", "dossier_siblings"), conditions, person, lead)
    seen = tuple(Sibling(*row.values()) for row in await current().fetch(query, *values))
    total = await current().fetchval(_ALL_LEADS, person)
    return seen, total - 1 - len(seen)


async def _standings(person: UUID, *, scope: Scope) -> tuple[Standing, ...]:
    standings = (await consent.standing([person])).get(person, [])
    return tuple(one for one in standings if scope.brand in (None, one.brand))


async def _times_seen(person: UUID, *, scope: Scope) -> int:
    query, values = numbered(_TIMES_SEEN, [scope.of_observations()], person)
    seen: int = await current().fetchval(query, *values)
    return seen


async def _shared(offers: Sequence[UUID]) -> tuple[Shared, ...]:
    return tuple(
        Shared(*row.values()) for row in await current().fetch(statement("leads", "dossier_shared"), list(offers))
    )


def _offer(row: Record) -> OfferSeen:
    note = vault.open_(row["note"], place=f"offer|note|{row['id']}") if row["note"] else None
    return OfferSeen(**{**row, "note": note})


def _answer(row: Record) -> Answer:
    note = vault.open_(row["note"], place=f"disposition|note|{row['id']}") if row["note"] else None
    return Answer(**{name: row[name] for name in Answer.__struct_fields__ if name != "note"}, note=note)


def _car(head: Record) -> dict[str, Any] | None:
    car = _opened(head["trade_in_sealed"], f"trade_in|sealed|{head['trade_in']}")
    return {name: car[name] for name in ("make", "model", "year") if car.get(name)} or None


def _opened(sealed: bytes | None, place: str) -> dict[str, Any]:
    opened: dict[str, Any] = msgspec.json.decode(vault.open_(sealed, place=place)) if sealed else {}
    return opened


_PLAIN = (
    "id", "version", "person", "observation", "region", "contact_channel", "contact_not_before", "source", "source_kind", "is_test",
    "external_id", "campaign", "campaign_name", "event", "booth", "captured_at", "received_at", "changed_at", "decision", "margin",
    "open_review",
)  # fmt: skip
_OF_INTEREST = ("id", "brand", "model", "kind", "stage", "hold", "preferred_store", "due_at")

_ALL_LEADS = """
with family as (select $1::uuid as id union all select person.id from person where person.merged_into = $1)
select count(*) from lead where person in (select id from family)
"""


_TIMES_SEEN = """
select count(*) from link join observation on observation.id = link.observation
where link.person = $1 and link.closed_at is null and {}
"""
