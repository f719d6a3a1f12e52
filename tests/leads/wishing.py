"""Wishes with the rows they stand on, for tests that begin at routing: a person, what it said, a lead, one interest."""

from datetime import datetime
from typing import Any
from uuid import UUID

from crm import access
from crm.database import current, insert
from crm.ids import uuid7
from crm.tables import Observation, Person
from leads.routing import Wish
from leads.tables import Interest, Lead, Offer, Receipt
from tests.cast import AT_THE_SHOW, NOON, OPENING, STORES
from tests.cast import open_network as open_the_network

__all__ = ["CHENGDU_CENTRE", "NOON", "OPENING", "STORES", "make_offer", "make_wishes", "open_the_network"]

CHENGDU_CENTRE: dict[str, Any] = AT_THE_SHOW


async def brand_id(code: str) -> int:
    found: int = await current().fetchval("select id from brand where code = $1", code)
    return found


async def store_id(code: str) -> int:
    found: int = await current().fetchval("select id from store where code = $1", code)
    return found


async def make_wishes(count: int, *, brand: str = "aito", person: UUID | None = None, **facts: Any) -> list[Wish]:
    """So many interests in one brand, each of its own person unless one is named; `facts` go into the wishes."""
    source = await access.make_source("desk", kind="event_desk")
    brand_no = await brand_id(brand)
    ids = [uuid7(NOON) for _ in range(count)]
    persons = [person or uuid7(NOON) for _ in ids]
    if person is None:
        await insert([Person(id=one, no=_unset(), status="active", created_at=NOON) for one in persons])
    await insert([_observation(one, source) for one in ids])
    await insert([_lead(one, who, source) for one, who in zip(ids, persons, strict=True)])
    await insert([Interest(id=one, lead=one, rank=1, brand=brand_no, kind="buy", stage="cleared") for one in ids])
    wish: dict[str, Any] = {"kind": "buy", "capability": "sales", "captured_at": NOON} | facts
    return [Wish(interest=one, person=who, brand=brand_no, **wish) for one, who in zip(ids, persons, strict=True)]


async def make_offer(receipt: Receipt, *, state: str, at: datetime = NOON) -> UUID:
    """The offer that a receipt chose, in the state that the story needs."""
    dealer = await current().fetchval("select dealer from store_operator where store = $1", receipt.winner)
    brand = await current().fetchval("select brand from interest where id = $1", receipt.interest)
    offer = Offer(
        id=uuid7(at), interest=receipt.interest, store=receipt.winner, dealer=dealer, brand=brand, receipt=receipt.id,
        basis="consent", state=state, offered_at=at, answer_due_at=at, expires_at=at,
        accepted_at=at if state == "accepted" else None, ended_at=None if state in ("offered", "accepted") else at,
    )  # fmt: skip
    await insert([offer])
    return offer.id


def _unset() -> object:
    return Person.no.get_default_value()


def _observation(one: UUID, source: int) -> Observation:
    return Observation(
        id=one, source=source, external_id=str(one), captured_at=NOON, received_at=NOON, particulars=b"-", normaliser=1
    )


def _lead(one: UUID, person: UUID, source: int) -> Lead:
    return Lead(id=one, observation=one, person=person, source=source, captured_at=NOON, received_at=NOON)
