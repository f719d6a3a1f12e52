"""The stores as a list and as a map, each with its load of today: who has room, who is full, who is late.

Promises that its address says all that it shows and that both ways of looking show the same stores. The list says everything in words.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from litestar import Controller, get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from crm import access, regions
from crm.database import transaction
from crm.network import stores, stores_file
from crm.network.stores import Sought
from crm.pages import frame
from crm.pages.frame import Asked
from leads import loads
from leads.loads import STATES, Loaded
from leads.pages import stores_map

PAGE = 50
Sort: TypeAlias = Literal["code", "load", "open", "late"]
Number = Annotated[int, QueryParameter(ge=1, le=1000)]


class Stores(Controller):
    path = "/stores"
    guards = [access.permits("network.see")]
    include_in_schema = False

    @get("/")
    async def show(
        self,
        request: Asked,
        *,
        q: FromQuery[str | None] = None,
        brand: FromQuery[str | None] = None,
        region: FromQuery[str | None] = None,
        kind: FromQuery[str | None] = None,
        capability: FromQuery[str | None] = None,
        dealer: FromQuery[str | None] = None,
        load: FromQuery[str | None] = None,
        sort: FromQuery[str | None] = None,
        view: FromQuery[str | None] = None,
        box: FromQuery[str | None] = None,
        page: Number = 1,
    ) -> Template:
        sought = Sought(
            q=_typed(q),
            brand=_typed(brand),
            region=_typed(region),
            kind=_typed(kind),
            capability=_typed(capability),
            dealer=_typed(dealer),
        )
        scope, at = frame.scope_of(request), datetime.now(UTC)
        async with transaction():
            everywhere = await loads.loaded(await stores.find(sought, scope=scope, at=at), scope=scope, at=at)
            provinces = _provinces(await stores.places(scope), region)
        found = [one for one in everywhere if load not in STATES or one.today.state == load]
        asked = {**msgspec.structs.asdict(sought), "load": load, "sort": sort, "view": view, "box": box}
        is_map = view == "map"
        context: dict[str, Any] = {
            "asked": asked,
            "filtered": any(msgspec.structs.astuple(sought)) or load in STATES,
            "states": {state: sum(one.today.state == state for one in everywhere) for state in STATES},
            "count": len(found),
            "provinces": provinces,
            "kinds": stores_file.KINDS,
            "services": stores_file.SERVICES,
            "at": at,
            **(stores_map.drawing(found, box) if is_map else _page(found, sort, page)),
        }
        return frame.page(request, "leads/stores_map.html" if is_map else "leads/stores.html", **context)


def _typed(value: str | None) -> str | None:
    # The database keeps no NUL and the like; nobody types them.
    return "".join(sign for sign in value if sign.isprintable()) or None if value else None


def _provinces(places: Sequence[str], region: str | None) -> list[tuple[str, str]]:
    """The provinces that have stores, and the cities of the chosen one."""
    table = regions.table()
    provinces = {code for place in places if (code := regions.province_of(place))}
    cities = {code for place in places if region and place[:2] == region[:2] and (code := regions.city_of(place))}
    return [(code, table[code].name) for code in [*sorted(cities - provinces), *sorted(provinces)]]


def _page(found: Sequence[Loaded], sort: str | None, page: int) -> dict[str, Any]:
    ranked = sorted(found, key=_RANKS[sort]) if sort in _RANKS else list(found)
    first = (page - 1) * PAGE
    return {
        "listed": ranked[first : first + PAGE],
        "first": first + 1,
        "newer": page - 1 if page > 1 else None,
        "older": page + 1 if first + PAGE < len(ranked) else None,
    }


_RANKS: Mapping[str | None, Any] = {
    "load": lambda one: (-one.today.used, -one.today.offered, one.store.code),
    "open": lambda one: (-one.today.open, one.store.code),
    "late": lambda one: (-one.today.late, -one.today.open, one.store.code),
}


CONTROLLERS = (Stores,)
