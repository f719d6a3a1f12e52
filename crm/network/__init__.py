"""The dealer network of one day, as everybody who chooses a store sees it: a frozen picture kept in memory.

Promises that all stores of a picture are from one version of the network, and that a newer version is seen by the next
call. Refuses nothing: a store that nobody runs on the day is simply not in the network.
"""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from crm import regions
from crm.database import current, statement

# The stores' own calendar; the whole network lies in one zone.
LOCAL = ZoneInfo("Asia/Shanghai")


class StoreFacts(msgspec.Struct, frozen=True):
    """A store on a day: who runs it, what it may sell and can do; `city` and `province` are region codes."""

    id: int
    code: str
    name_zh: str
    dealer: int
    region: str
    city: str | None
    province: str | None
    longitude: float
    latitude: float
    daily_capacity: int
    weight: int
    brands: frozenset[int]
    capabilities: frozenset[str]


class Network(msgspec.Struct, frozen=True):
    """All stores of a day; `version` names the picture on receipts (0 before the first import)."""

    version: int
    on: date
    stores: dict[int, StoreFacts]
    sellers: dict[int, tuple[StoreFacts, ...]]


_kept: dict[tuple[object, ...], Network] = {}


def local_day(at: datetime) -> date:
    """The day on the stores' calendar at a moment."""
    return at.astimezone(LOCAL).date()


async def network(on: date) -> Network:
    """The network of a day, from memory unless a newer version exists or another day was asked for last."""
    # The row's xmin makes the key safe where ids are not: a restored or emptied database counts from 1 again.
    latest = await current().fetchrow("select id, xmin::text from network_version order by id desc limit 1")
    key = (on, *(latest or ()))
    if key not in _kept:
        picture = await _read(on)
        _kept.clear()
        _kept[key] = picture
    return _kept[key]


async def _read(on: date) -> Network:
    rows = await current().fetch(statement("crm", "network"), on)
    stores = [
        StoreFacts(
            **{name: row[name] for name in _PLAIN},
            city=regions.city_of(row["region"]),
            province=regions.province_of(row["region"]),
            brands=frozenset(row["brands"]),
            capabilities=frozenset(row["capabilities"]),
        )
        for row in rows
    ]
    version = rows[0]["version"] if rows else 0
    return Network(version=version or 0, on=on, stores={s.id: s for s in stores}, sellers=_by_brand(stores))


_PLAIN = ("id", "code", "name_zh", "dealer", "region", "longitude", "latitude", "daily_capacity", "weight")


def _by_brand(stores: Iterable[StoreFacts]) -> dict[int, tuple[StoreFacts, ...]]:
    sellers: dict[int, list[StoreFacts]] = {}
    for store in stores:
        for brand in store.brands:
            sellers.setdefault(brand, []).append(store)
    return {brand: tuple(found) for brand, found in sellers.items()}
