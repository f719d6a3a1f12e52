"""The life of an offer as the alliance steers it: made, joined by a repeat enquiry, taken back, moved on in time.

Promises that an offer, its entry in the sharing ledger, its milestone and the line in the dealer's feed are one commit,
and that an ended offer sets its interests free to be routed again. The dealer's own answers are in `leads.inbox`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

from asyncpg import Record

from campaigns import touchpoints
from campaigns.touchpoints import Fact
from crm import consent
from crm.database import current, insert, statement
from crm.ids import uuid7
from crm.network import local_day
from crm.tables import SharingEntry
from leads import clocks, feed
from leads.routing import policies
from leads.tables import JoinedOffer, Offer, Receipt

# Two workers must not make two offers of one person's two enquiries for one brand: who moves interests holds their person's stripe.
PERSON_LOCKS = 3
# What a dealer sees of a person before it has accepted; the ledger's words.
SHOWN_MASKED = "name_masked,phone_masked,email_masked,place,interest,contact_channel"
PURPOSE_BY_BASIS = {"consent": "share_with_dealer", "requested": "requested"}

Ending: TypeAlias = Literal["refused", "expired", "withdrawn"]
Asked: TypeAlias = tuple[UUID, int]  # a person (the survivor) and a brand


class Open(NamedTuple):
    """An offer that still waits for an answer, and where."""

    offer: UUID
    store: int


class Join(NamedTuple):
    """An interest of a person (the survivor) that is to share an open offer, on a basis of its own."""

    interest: UUID
    offer: UUID
    person: UUID
    basis: str


class Given(NamedTuple):
    """What a dealer is given: the offer, whose fields they are (the survivor), and on which basis."""

    offer: Offer
    person: UUID
    basis: str


class Told(NamedTuple):
    """A fact of the funnel that happened to an interest under an offer."""

    fact: Fact
    offer: UUID
    interest: UUID
    value_fen: int | None = None


async def make(receipts: Sequence[Receipt], *, at: datetime) -> list[Offer]:
    """Offer each interest to the store that its receipt chose, for the dealer that runs it today.

    Receipts with another outcome than `offered` are left alone.
    """
    chosen = [receipt for receipt in receipts if receipt.outcome == "offered"]
    if not chosen:
        return []
    facts = await _facts_of(chosen, at=at)
    rules = await policies.by_id(row["policy"] for row in facts.values())
    offers = [_offer(facts[receipt.id], policy=rules[receipt.policy].rules, at=at) for receipt in chosen]
    await insert(offers)
    await _tell(offers, [facts[receipt.id] for receipt in chosen], at=at)
    await current().execute(statement("leads", "place_interests"), [offer.interest for offer in offers], None)
    await feed.append([feed.Line(offer.dealer, offer.id, "offered") for offer in offers], at=at)
    return offers


async def open_offers(asked: Collection[Asked], *, at: datetime) -> dict[Asked, list[Open]]:
    """The offers still waiting for an answer, oldest first, by person and brand: a repeat enquiry joins one of them."""
    persons, brands = [person for person, _ in asked], [brand for _, brand in asked]
    rows = await current().fetch(statement("leads", "open_offers_of_people"), persons, brands, at)
    found: dict[Asked, list[Open]] = {}
    for row in rows:
        found.setdefault((row["person"], row["brand"]), []).append(Open(row["offer"], row["store"]))
    return found


async def join(joins: Sequence[Join], *, at: datetime) -> set[UUID]:
    """Let interests share the open offers of the same person and brand; takes no capacity.

    Answers the interests that joined; the others came too late, their offer is answered or over.
    """
    # The lock decides against an answer or an expiry at the same moment.
    rows = await current().fetch(statement("leads", "lock_open_offers"), sorted({one.offer for one in joins}), at)
    still_open = {row["id"]: Offer(_exists_in_db=True, **row) for row in rows}
    joined = [one for one in joins if one.offer in still_open]
    interests, joined_offers = [one.interest for one in joined], [one.offer for one in joined]
    if joined:
        await current().execute(statement("leads", "place_interests"), interests, joined_offers)
        await insert([_joined(one, at=at) for one in joined])
        given = [Given(still_open[one.offer], one.person, one.basis) for one in joined]
        await share(given, fields=SHOWN_MASKED, at=at)
        await record([Told(Fact.offered, one.offer, one.interest) for one in joined], at=at, recorded_at=at)
        await feed.append([feed.Line(still_open[one].dealer, one, "repeat") for one in joined_offers], at=at)
    return set(interests)


async def withdraw(offers: Collection[UUID], *, reason: str, at: datetime) -> int:
    """Take open and accepted offers back; the dealer hears of it without personal data, the count says how many.

    Their interests stand before the consent gate again: what may still be offered after that finds its way by itself.
    """
    rows = await current().fetch(statement("leads", "lock_offers_to_withdraw"), sorted(offers))
    await end(_dealers(rows), state="withdrawn", reason=reason, stage="identified", at=at)
    return len(rows)


async def expire_due(*, at: datetime, limit: int) -> int:
    """Move on offers whose time is up, oldest first, and say how many; one being answered this moment is left alone."""
    rows = await current().fetch(statement("leads", "lock_expired_offers"), at, limit)
    await end(_dealers(rows), state="expired", reason=None, stage="cleared", at=at)
    return len(rows)


async def end(offers: Mapping[UUID, int], *, state: Ending, reason: str | None, stage: str, at: datetime) -> None:
    """Close offers (keys, with dealers) that the caller has locked; their interests are due again at `stage`."""
    if not offers:
        return
    ids = list(offers)
    await current().execute(statement("leads", "end_offers"), ids, state, reason, at)
    await current().execute(statement("leads", "free_interests"), ids, stage, at)
    await feed.append([feed.Line(dealer, offer, state) for offer, dealer in offers.items()], at=at)


async def share(given: Sequence[Given], *, fields: str, at: datetime) -> None:
    """Enter in the ledger which fields of whom the dealers of offers are given, and on which consent."""
    standings = await consent.standing({one.person for one in given}, purpose="share_with_dealer")
    entries = []
    for one in given:
        stands_on = basis_row(standings.get(one.person, []), brand=one.offer.brand, basis=one.basis)
        entries.append(_entry(one, fields=fields, consent_row=stands_on, at=at))
    await insert(entries)


def basis_row(standings: Sequence[consent.Standing], *, brand: int, basis: str) -> UUID | None:
    """The consent behind an offer; None for a request, which stands for itself, and when it has been withdrawn."""
    given = consent.may_share(standings, brand=brand) if basis == "consent" else None
    return given.consent if given else None


async def record(told: Sequence[Told], *, at: datetime, recorded_at: datetime) -> None:
    """Tell campaigns what happened to interests under their offers at a moment."""
    columns = [[entry.fact.value for entry in told], *map(list, zip(*[entry[1:] for entry in told], strict=True))]
    rows = await current().fetch(statement("leads", "milestone_facts"), *columns)
    milestones = [
        touchpoints.milestone(
            Fact(row["kind"]), **_named(row), value_fen=row["value_fen"], at=at, recorded_at=recorded_at
        )
        for row in rows
    ]
    await touchpoints.record_milestones(milestones)


def _dealers(rows: Sequence[Record]) -> dict[UUID, int]:
    return {row["id"]: row["dealer"] for row in rows}


async def _facts_of(receipts: Sequence[Receipt], *, at: datetime) -> dict[UUID, Record]:
    ids = [receipt.id for receipt in receipts]
    rows = await current().fetch(statement("leads", "facts_for_offers"), ids, local_day(at))
    return {row["receipt"]: row for row in rows}


def _offer(row: Record, *, policy: policies.Policy, at: datetime) -> Offer:
    return Offer(
        id=uuid7(at),
        interest=row["interest"],
        store=row["store"],
        dealer=row["dealer"],
        brand=row["brand"],
        receipt=row["receipt"],
        basis=row["basis"],
        state="offered",
        offered_at=at,
        answer_due_at=clocks.answer_due_at(at, policy=policy),
        expires_at=clocks.expires_at(at, policy=policy),
    )


async def _tell(offers: Sequence[Offer], facts: Sequence[Record], *, at: datetime) -> None:
    given = [Given(offer, row["survivor"], offer.basis) for offer, row in zip(offers, facts, strict=True)]
    await share(given, fields=SHOWN_MASKED, at=at)
    # Leads of a test source never count.
    counted = [row for row in facts if not row["test"]]
    told = [touchpoints.milestone(Fact.offered, **_named(row), at=at, recorded_at=at) for row in counted]
    await touchpoints.record_milestones(told)


def _named(row: Record) -> dict[str, Any]:
    return {name: row[name] for name in ("person", "lead", "interest", "campaign", "brand", "store")}


def _joined(one: Join, *, at: datetime) -> JoinedOffer:
    return JoinedOffer(id=uuid7(at), interest=one.interest, offer=one.offer, basis=one.basis, at=at)


def _entry(one: Given, *, fields: str, consent_row: UUID | None, at: datetime) -> SharingEntry:
    offer = one.offer
    return SharingEntry(
        id=uuid7(at),
        person=one.person,
        dealer=offer.dealer,
        store=offer.store,
        brand=offer.brand,
        offer=offer.id,
        fields=fields,
        purpose=PURPOSE_BY_BASIS[one.basis],
        basis=one.basis,
        consent=consent_row,
        at=at,
    )
