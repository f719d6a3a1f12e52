"""Offers as they come about in life, for tests of what follows: two dealers in Chengdu, a lead at the show, captured and routed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from leads import journey
from tests.cast import MINUTE, NOON, another_phone, dealer, fetch, open_chengdu, registration, says, send, wants

__all__ = ["MINUTE", "NOON", "a_lead", "an_offer", "another_phone", "dealer", "fetch", "offer_of", "open_chengdu"]


async def a_lead(*, at: datetime = NOON, phone: str = "13800138000", brand: str = "aito", **facts: Any) -> UUID:
    """A lead of 王建国 with everything that a dealer may one day see, captured and taken as far as it goes."""
    rich = {
        "captured_at": at.isoformat(),
        "person": {"name": "王建国", "phone": phone, "email": f"wang{phone[-7:]}@qq.com"},
        "interests": [wants(brand, "test_drive")],
        "trade_in": {"make": "Audi", "model": "A6", "year": 2018},
        "contact_preference": {"channel": "phone", "note": "晚上打"},
        "consents": [says(True, brand)],
        "remark": "周末有空",
    }
    [outcome] = await send(registration(**rich | facts), at=at)
    await journey.advance_due(at)
    assert outcome.lead_id
    return outcome.lead_id


async def an_offer(**facts: Any):
    """(offer id, the dealer it went to, the other dealer) of a fresh lead."""
    lead = await a_lead(**facts)
    return await offer_of(lead)


async def offer_of(lead: UUID):
    """(offer id, the dealer, the other one) of the latest offer of a lead."""
    (row,) = await fetch(
        """
        select offer.id, dealer.code from offer
        join interest on interest.id = offer.interest join dealer on dealer.id = offer.dealer
        where interest.lead = $1 order by offered_at desc, offer.id desc limit 1
        """,
        lead,
    )
    holder, other = ("D1", "D2") if row["code"] == "D1" else ("D2", "D1")
    return row["id"], await dealer(holder), await dealer(other)
