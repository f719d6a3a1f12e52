"""Offers as they come about in life, for tests of what follows: two dealers in Chengdu, a lead at the show, captured and routed."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import msgspec

from crm import access
from crm.access import Principal
from crm.database import current, insert, transaction
from crm.tables import Source
from leads import capture, journey
from leads.capture import Incoming
from leads.submission import LeadBody
from tests.leads.wishing import NOON, open_the_network

MINUTE = timedelta(minutes=1)

# Two neighbours of the show sell AITO, one dealer each; the third store is of the first dealer and sells Luxeed alone.
STORES = """store_code,name_zh,dealer_code,kind,brands,region_code,longitude,latitude,daily_capacity,weight,opens,closes,services
S1,成都一号店,D1,user_centre,aito,510107,104.0650,30.5700,50,1,09:00,18:00,sales;delivery
S2,成都二号店,D2,user_centre,aito,510107,104.0670,30.5750,50,1,09:00,18:00,sales
S3,成都三号店,D1,experience_centre,luxeed,510107,104.0660,30.5720,50,1,10:00,22:00,sales
"""
AT_THE_SHOW = {"latitude": 30.5728, "longitude": 104.0662}

_numbers = count(1)


async def open_chengdu(folder) -> None:
    """Three stores of two dealers, the closed sets, and a source."""
    (folder / "stores.csv").write_text(STORES, encoding="utf-8")
    async with transaction():
        await open_the_network(folder / "stores.csv")
        await insert([Source(code="desk", kind="event_desk")])


async def dealer(code: str) -> Principal:
    async with transaction():
        found = await current().fetchval("select id from dealer where code = $1", code)
    return Principal("dealer", found, code, access.SCOPES["dealer"])


def another_phone(number: int) -> str:
    """Numbers so unlike that nobody takes one for another mistyped."""
    return f"139{(number + 1) * 76543211 % 10**8:08}"


async def a_lead(*, at: datetime = NOON, phone: str = "13800138000", brand: str = "aito", **facts: Any) -> UUID:
    """A lead of 王建国 with everything that a dealer may one day see, captured and taken as far as it goes."""
    body = {
        "external_id": f"W{next(_numbers)}",
        "captured_at": at.isoformat(),
        "source": {"kind": "event_desk", "campaign": "chengdu-2025"},
        "person": {"name": "王建国", "phone": phone, "email": f"wang{phone[-7:]}@qq.com"},
        "place": AT_THE_SHOW,
        "interests": [{"kind": "test_drive", "brand": brand}],
        "trade_in": {"make": "Audi", "model": "A6", "year": 2018},
        "contact_preference": {"channel": "phone", "note": "晚上打"},
        "consents": [_consent(brand)],
        "remark": "周末有空",
    } | facts
    item = Incoming(msgspec.convert(body, LeadBody, strict=False), msgspec.json.encode(body))
    async with transaction():
        source = await capture.sender(await current().fetchval("select id from source where code = 'desk'"))
        outcome = await capture.accept(item, source=source, at=at)
    await journey.advance_due(at)
    assert outcome.lead_id
    return outcome.lead_id


def _consent(brand: str) -> dict[str, object]:
    notice = {"id": "desk", "version": "1", "language": "zh"}
    return {"purpose": "share_with_dealer", "given": True, "brands": [brand], "notice": notice}


async def an_offer(**facts: Any):
    """(offer id, the dealer it went to, the other dealer) of a fresh lead."""
    lead = await a_lead(**facts)
    return await offer_of(lead)


async def offer_of(lead: UUID):
    """(offer id, the dealer, the other one) of the latest offer of a lead."""
    async with transaction():
        (row,) = await current().fetch(
            """
            select offer.id, dealer.code from offer
            join interest on interest.id = offer.interest join dealer on dealer.id = offer.dealer
            where interest.lead = $1 order by offered_at desc, offer.id desc limit 1
            """,
            lead,
        )
    holder, other = ("D1", "D2") if row["code"] == "D1" else ("D2", "D1")
    return row["id"], await dealer(holder), await dealer(other)


async def fetch(query: str, *facts: object):
    async with transaction():
        return await current().fetch(query, *facts)
