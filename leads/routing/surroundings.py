"""Where a wish stands and which stores lie around it: distances and shared divisions, nothing about who gets it.

Promises whole metres and the smallest division that a wish and a store share. A bare point is known by the city of its
nearest district, never by the district itself, because a district's centre is not its border.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

import msgspec

from crm import regions
from crm.network import StoreFacts
from leads.routing.policies import Policy


class Standpoint(msgspec.Struct, frozen=True):
    """A place as routing sees it; `district` only when it was stated, no point when nothing is known."""

    district: str | None
    city: str | None
    province: str | None
    point: tuple[float, float] | None


class Seen(msgspec.Struct, frozen=True):
    """A store from a standpoint; no distance and no share when the standpoint has no point."""

    store: StoreFacts
    distance_m: int | None
    shares: Literal["district", "city", "province"] | None


@lru_cache(maxsize=4096)
def standpoint(region: str | None, point: tuple[float, float] | None) -> Standpoint:
    """What is known of a place; a region without a point stands at its centre."""
    if region is None and point is None:
        return Standpoint(None, None, None, None)
    if region is None:
        nearest = regions.nearest(*point) if point else None
        city, district = regions.city_of(nearest) if nearest else None, None
    else:
        nearest, city = region, regions.city_of(region)
        district = region if regions.table()[region].level == "district" else None
    province = regions.province_of(nearest) if nearest else None
    return Standpoint(district, city, province, point or regions.centroid(region or ""))


def seen_from(here: Standpoint, stores: Iterable[StoreFacts]) -> list[Seen]:
    """The stores by distance, then code; in the order of codes when there is no point."""
    if here.point is None:
        return [Seen(store, None, None) for store in stores]
    seen = [Seen(store, _metres(here.point, store), _shared(here, store)) for store in stores]
    return sorted(seen, key=lambda one: (one.distance_m, one.store.code))


def is_within(seen: Seen, rules: Policy) -> bool:
    """Whether some tier of a policy can reach the store, whoever the person is."""
    if seen.distance_m is None:
        return False
    limit = rules.province_km if seen.shares == "province" else rules.near_km
    return seen.shares in ("district", "city") or seen.distance_m <= limit * 1000


def _metres(point: tuple[float, float], store: StoreFacts) -> int:
    return round(regions.distance_km(*point, store.longitude, store.latitude) * 1000)


def _shared(here: Standpoint, store: StoreFacts) -> Literal["district", "city", "province"] | None:
    if here.district is not None and store.region == here.district:
        return "district"
    if here.city is not None and store.city == here.city:
        return "city"
    if here.province is not None and store.province == here.province:
        return "province"
    return None
