"""Wishes with the rows they stand on, for tests that begin at routing: a person, what it said, a lead, one interest."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from crm import dealers
from crm.database import current, insert
from crm.ids import uuid7
from crm.tables import Observation, Person, Source
from leads import kinds, policies
from leads.routing import Wish
from leads.tables import Interest, Lead, Offer, Receipt

STORES = Path(__file__).parents[2] / "crm" / "data" / "stores.csv"
OPENING = datetime(2025, 8, 1, tzinfo=UTC)
# Noon in Chengdu on the first day of the show.
NOON = datetime(2025, 8, 29, 4, tzinfo=UTC)
CHENGDU_CENTRE: dict[str, Any] = {"longitude": 104.0662, "latitude": 30.5728}


async def open_the_network(file: Path = STORES) -> None:
    """The real stores, the closed sets and a policy for every brand, in the running transaction."""
    await kinds.seed()
    await policies.seed(active_from=OPENING)
    await dealers.import_network(file, at=OPENING, actor="tester")


async def brand_id(code: str) -> int:
    found: int = await current().fetchval("select id from brand where code = $1", code)
    return found


async def store_id(code: str) -> int:
    found: int = await current().fetchval("select id from store where code = $1", code)
    return found


async def make_wishes(count: int, *, brand: str = "aito", person: UUID | None = None, **facts: Any) -> list[Wish]:
    """So many interests in one brand, each of its own person unless one is named; `facts` go into the wishes."""
    source = await current().fetchval("select id from source where code = 'desk'")
    if source is None:
        await insert([Source(code="desk", kind="event_desk")])
        source = await current().fetchval("select id from source where code = 'desk'")
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
