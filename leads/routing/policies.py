"""How a brand's leads find their store, as versioned data: the numbers and the order of tiers that `choice` follows.

Promises that a decoded `Policy` makes sense as a whole. A version never changes; a new one takes over from a moment on.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from asyncpg import Record

from crm.database import current

Tier = Literal["protected", "preferred", "district", "near", "city", "province"]
TIERS: tuple[Tier, ...] = ("protected", "preferred", "district", "near", "city", "province")

# Held by whoever decides, shared, and alone by whoever changes what is decided by: the network, or a policy.
DECIDING_LOCK = 4

Minutes = Annotated[int, msgspec.Meta(ge=1, le=14 * 24 * 60)]
Kilometres = Annotated[float, msgspec.Meta(ge=0, le=6000)]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The defaults are the alliance's; a brand may have its own. Both kinds of minutes count from the offer."""

    answer_minutes: Minutes = 30
    expire_minutes: Minutes = 45
    max_offers: Annotated[int, msgspec.Meta(ge=1, le=50)] = 3
    near_km: Kilometres = 15
    pool_min_km: Kilometres = 5
    pool_factor: Annotated[float, msgspec.Meta(ge=1, le=100)] = 1.5
    province_km: Kilometres = 200
    protection_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 30
    tiers: tuple[Tier, ...] = TIERS

    def __post_init__(self) -> None:
        if self.expire_minutes < self.answer_minutes:
            raise ValueError("an offer cannot expire before its answer is late")
        if not self.tiers or len(set(self.tiers)) < len(self.tiers):
            raise ValueError("each tier is named once, and there is at least one")


class ActivePolicy(msgspec.Struct, frozen=True):
    """A policy with its row, so that a receipt can name the version it followed."""

    id: int
    brand: int
    version: int
    rules: Policy


class NoPolicy(LookupError):
    """A brand without a policy at a moment: the reference data was not seeded."""


async def active(brands: Iterable[int], *, at: datetime) -> dict[int, ActivePolicy]:
    """The policy of each brand at a moment, by brand; raises NoPolicy when one has none."""
    wanted = sorted(set(brands))
    rows = await current().fetch(
        """
        select distinct on (brand) id, brand, version, data
        from routing_policy
        where brand = any($1::int[]) and active_from <= $2 and (active_until is null or active_until > $2)
        order by brand, version desc
        """,
        wanted,
        at,
    )
    found = {row["brand"]: _read(row) for row in rows}
    if missing := set(wanted) - found.keys():
        raise NoPolicy(f"no routing policy for brand {min(missing)}")
    return found


async def by_id(ids: Iterable[int]) -> dict[int, ActivePolicy]:
    """Policies by their row, whether still active or not."""
    rows = await current().fetch(
        "select id, brand, version, data from routing_policy where id = any($1::int[])", sorted(set(ids))
    )
    return {row["id"]: _read(row) for row in rows}


async def seed(*, active_from: datetime) -> None:
    """Give every brand that has no policy at all the alliance's default; safe to repeat."""
    await current().execute(
        """
        insert into routing_policy (brand, version, data, active_from)
        select id, 1, $1::jsonb, $2 from brand
        where not exists (select 1 from routing_policy where routing_policy.brand = brand.id)
        order by id
        """,
        msgspec.json.encode(Policy()).decode(),
        active_from,
    )


def _read(row: Record) -> ActivePolicy:
    return ActivePolicy(
        id=row["id"], brand=row["brand"], version=row["version"], rules=msgspec.json.decode(row["data"], type=Policy)
    )
