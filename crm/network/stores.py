"""Stores as staff see them: found by name, place and what they can do; one store with its past; and what of it may be changed by hand.

Promises a brand's own staff their franchises alone, others at most as a number, and that a change made here is a new version of the network
like an import's. Refuses to overwrite what somebody else changed meanwhile.
"""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, Any

import msgspec

from crm import history, regions
from crm.database import current
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.languages import later, say
from crm.network import dealers, local_day
from crm.roles import Condition, Scope, numbered, stem

LONGEST = 80
MOST_A_DAY, HEAVIEST = 10_000, 100


class StoreChanged(Refused):
    sentence = "Somebody changed this store meanwhile; it is at version {version} now."


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Which stores: `q` is part of a code, name or place, the others are codes."""

    q: str | None = None
    brand: str | None = None
    region: str | None = None
    kind: str | None = None
    capability: str | None = None
    dealer: str | None = None


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """A store today; `brands` are those that the reader may know of (ids), `others` how many more it sells."""

    id: int
    code: str
    kind: str
    name_zh: str
    region: str
    dealer: str | None
    dealer_name: str | None
    longitude: float
    latitude: float
    daily_capacity: int
    weight: int
    opens: time
    closes: time
    version: int
    brands: tuple[int, ...]
    others: int
    capabilities: tuple[str, ...]

    @property
    def place(self) -> str:
        """Its district and city in words."""
        return regions_in_words(self.region)

    @property
    def hours(self) -> str:
        """09:00–18:00."""
        return f"{self.opens:%H:%M}–{self.closes:%H:%M}"


class Range(msgspec.Struct, frozen=True):
    """Who or which brand (an id), from one day until (not including) another."""

    what: str | int
    name: str
    valid_from_on: date
    valid_until_on: date | None


class Past(msgspec.Struct, frozen=True):
    """Who ran a store when and what it might sell when, the latest first; `others` counts franchises of brands out of sight."""

    operators: tuple[Range, ...]
    franchises: tuple[Range, ...]
    others: int


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed by hand, and the version that was seen."""

    daily_capacity: Annotated[int, msgspec.Meta(ge=0, le=MOST_A_DAY)]
    weight: Annotated[int, msgspec.Meta(ge=1, le=HEAVIEST)]
    opens: time
    closes: time
    version: int


CHANGEABLE = ("daily_capacity", "weight", "opens", "closes")


async def find(sought: Sought, *, scope: Scope, at: datetime) -> list[Store]:
    """The stores in scope that fit, by code: a network is small enough to be read whole."""
    where = scope.of_stores()
    for condition in _conditions(sought, scope, local_day(at)):
        where &= condition
    return await _read(where, scope=scope, at=at)


async def show(code: str, *, scope: Scope, at: datetime) -> Store:
    """One store; refuses one out of scope like one that is not there."""
    its = Condition("store.code = {}", (code,))
    found = await _read(scope.of_stores() & its, scope=scope, at=at) if code.isprintable() else []
    if not found:
        raise NotThere
    return found[0]


async def places(scope: Scope) -> list[str]:
    """The regions in which there are stores of the scope."""
    text, values = numbered("select distinct store.region from store where {} order by 1", [scope.of_stores()])
    return [row["region"] for row in await current().fetch(text, *values)]


async def past(store: int, *, scope: Scope) -> Past:
    """Operators and franchises of a store that the caller has found in scope."""
    operators = await current().fetch(_OPERATORS, store)
    text, values = numbered(_FRANCHISES, [scope.of_brands("franchise.brand")], store)
    franchises = await current().fetch(text, *values)
    total = await current().fetchval("select count(distinct brand) from franchise where store = $1", store)
    return Past(
        operators=tuple(Range(*row) for row in operators),
        franchises=tuple(Range(*row) for row in franchises),
        others=total - len({row["brand"] for row in franchises}),
    )


async def change(code: str, wanted: Change, *, scope: Scope, actor: str, at: datetime) -> int | None:
    """Change capacity, weight and hours; the network's new version is answered, None when nothing differs."""
    if wanted.opens >= wanted.closes:
        raise Invalid(errors=[Fault(path="closes", message=say(later("The store closes before it opens.")))])
    # Imports take the same turn, so a version that commits later is always the newer one.
    await dealers.take_turns(at)
    store = await show(code, scope=scope, at=at)
    if store.version != wanted.version:
        raise StoreChanged(version=store.version)
    differing = {name: getattr(wanted, name) for name in CHANGEABLE if getattr(wanted, name) != getattr(store, name)}
    if not differing:
        return None
    await current().execute(_UPDATE, store.id, *(getattr(wanted, name) for name in CHANGEABLE))
    cause = f"store {code} by {actor}: {', '.join(differing)}"
    version: int = await current().fetchval(_NEW_VERSION, at, cause[:200])
    told = {name: f"{_short(getattr(store, name))} → {_short(value)}" for name, value in differing.items()}
    await history.note(actor, "store_changed", "store", code, at=at, network_version=version, **told)
    return version


def regions_in_words(code: str) -> str:
    """徐汇区, 上海市: the smallest division first, a city once."""
    table = regions.table()
    names = [table[one].name for one in (code, regions.city_of(code), regions.province_of(code)) if one in table]
    return ", ".join(dict.fromkeys(names[:2]))


def _conditions(sought: Sought, scope: Scope, on: date) -> Sequence[Condition]:
    found = []
    if sought.q:
        part = f"%{_plain(sought.q[:LONGEST])}%"
        found.append(Condition(_TEXT, (part,) * 5))
    if sought.brand:
        # A brand's own staff could else ask which of their stores sell another one.
        seen = scope.of_brands("franchise.brand")
        found.append(Condition(_SELLS % seen.text, (sought.brand, on, on, *seen.values)))
    if sought.region:
        found.append(Condition("store.region like {}", (f"{_plain(stem(sought.region))}%",)))
    if sought.kind:
        found.append(Condition("store.kind = {}", (sought.kind,)))
    if sought.capability:
        found.append(Condition(_CAN, (sought.capability,)))
    if sought.dealer:
        found.append(Condition("dealer.code = {}", (sought.dealer,)))
    return found


def _plain(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


async def _read(where: Condition, *, scope: Scope, at: datetime) -> list[Store]:
    text, values = numbered(_STORES, [scope.of_brands("franchise.brand"), where], local_day(at))
    return [_store(dict(row)) for row in await current().fetch(text, *values)]


def _store(row: dict[str, Any]) -> Store:
    sold = row.pop("sold")
    brands, capabilities = tuple(row.pop("brands")), tuple(row.pop("capabilities"))
    return Store(**row, brands=brands, others=sold - len(brands), capabilities=capabilities)


def _short(value: object) -> str:
    return f"{value:%H:%M}" if isinstance(value, time) else str(value)


# Grain: one row per store. $1 the local day. Conditions: on the franchise's brand, on the store.
_STORES = """
select store.id, store.code, store.kind, store.name_zh, store.region, store.longitude, store.latitude, store.daily_capacity,
       store.weight, store.opens, store.closes, store.version, dealer.code as dealer, party.legal_name as dealer_name,
       array(
           select franchise.brand from franchise join brand on brand.id = franchise.brand
           where franchise.store = store.id and franchise.valid_from_on <= $1
                 and (franchise.valid_until_on is null or franchise.valid_until_on > $1) and {}
           order by brand.rank
       ) as brands,
       (
           select count(*) from franchise
           where franchise.store = store.id and franchise.valid_from_on <= $1
                 and (franchise.valid_until_on is null or franchise.valid_until_on > $1)
       ) as sold,
       array(select capability from store_capability where store_capability.store = store.id order by capability) as capabilities
from store
join region on region.code = store.region
left join region as city on city.code = region.parent
left join store_operator on store_operator.store = store.id and store_operator.valid_from_on <= $1
     and (store_operator.valid_until_on is null or store_operator.valid_until_on > $1)
left join dealer on dealer.id = store_operator.dealer
left join party on party.id = dealer.party
where {}
order by store.code
"""
_TEXT = "store.code ilike {} or store.name_zh ilike {} or region.name_zh like {} or city.name_zh like {} or dealer.code ilike {}"
_SELLS = """exists (
    select from franchise join brand on brand.id = franchise.brand
    where franchise.store = store.id and brand.code = {} and franchise.valid_from_on <= {}
          and (franchise.valid_until_on is null or franchise.valid_until_on > {}) and %s
)"""
_CAN = (
    "exists (select from store_capability where store_capability.store = store.id and store_capability.capability = {})"
)
_OPERATORS = """
select dealer.code, party.legal_name, valid_from_on, valid_until_on
from store_operator join dealer on dealer.id = dealer join party on party.id = dealer.party
where store = $1 order by valid_from_on desc
"""
_FRANCHISES = """
select franchise.brand, brand.name_zh, valid_from_on, valid_until_on
from franchise join brand on brand.id = franchise.brand
where store = $1 and {} order by valid_until_on is not null, brand.rank, valid_from_on desc
"""
_UPDATE = (
    "update store set daily_capacity = $2, weight = $3, opens = $4, closes = $5, version = version + 1 where id = $1"
)
_NEW_VERSION = "insert into network_version (at, cause) values ($1, $2) returning id"
