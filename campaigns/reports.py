"""What came of a campaign: how many registered, who they were, and how far they went, per brand and in total.

Promises figures from the two ledgers alone, as of any moment, each person counted once however many records were merged
into one. Leads of test sources leave no trace in the ledgers, so they never count.
"""

from datetime import date, datetime
from typing import Any

import msgspec

from campaigns.tables import Campaign, Partner
from crm import reference
from crm.database import current, statement
from crm.errors import NotKnown

TOTAL = 0  # the place of the total among brand ids, as performance.sql returns it


class Reach(msgspec.Struct, frozen=True):
    """How many came to each step; the fields stand in the order of the way."""

    registered: int = 0
    people: int = 0
    leads: int = 0
    offered: int = 0
    accepted: int = 0
    contacted: int = 0
    test_drive: int = 0
    order: int = 0


class BrandReach(msgspec.Struct, frozen=True):
    """One brand's part of it."""

    code: str
    name_zh: str
    name_en: str
    reach: Reach


class Performance(msgspec.Struct, frozen=True):
    """A campaign's figures as of a moment. `total` counts everything once, so it is less than the sum of the brands."""

    campaign: str
    name: str
    starts_on: date | None
    ends_on: date | None
    as_of: datetime
    brands: tuple[BrandReach, ...]
    total: Reach


async def performance(campaign: str, *, as_of: datetime) -> Performance:
    """The figures of the campaign with this code or name, for its partners and every other brand that was asked for."""
    found = await _campaign(campaign)
    rows = await current().fetch(statement("campaigns", "performance"), found["id"], as_of)
    reached = {row["brand"]: msgspec.convert(dict(row), Reach) for row in rows}
    return Performance(
        campaign=found["code"],
        name=found["name"],
        starts_on=found["starts_on"],
        ends_on=found["ends_on"],
        as_of=as_of,
        brands=await _by_brand(reached, partners=await _partners(found["id"])),
        total=reached[TOTAL],
    )


async def _campaign(said: str) -> dict[str, Any]:
    matches = (
        await Campaign.select(Campaign.id, Campaign.code, Campaign.name, Campaign.starts_on, Campaign.ends_on)
        .where((Campaign.code == said) | (Campaign.name == said))
        .order_by(Campaign.id)
    )
    if not matches:
        raise NotKnown(kind="campaign", code=said)
    # A code is unique and outranks a name, which several campaigns may bear.
    return next((row for row in matches if row["code"] == said), matches[0])


async def _partners(campaign: int) -> set[int]:
    return set(await Partner.select(Partner.brand).where(Partner.campaign == campaign).output(as_list=True))


async def _by_brand(reached: dict[int, Reach], *, partners: set[int]) -> tuple[BrandReach, ...]:
    brands = sorted((await reference.load()).brands.values(), key=lambda brand: brand.rank)
    return tuple(
        BrandReach(brand.code, brand.name_zh, brand.name_en, reached.get(brand.id, Reach()))
        for brand in brands
        if brand.id in partners or brand.id in reached
    )
