"""The stores as a list and as a map, each with its load of today: who has room, who is full, who is late.

Promises that its address says all that it shows and that both ways of looking show the same stores. A map's mark says by shape what it says
by colour; the list says everything in words.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from litestar import Controller, get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from crm import access, regions
from crm.database import transaction
from crm.network import map, stores, stores_file  # noqa: A004  the drawing, in this house
from crm.network.stores import Sought, Store
from crm.pages import frame
from crm.pages.frame import Asked
from crm.roles import Scope
from leads import loads
from leads.loads import State, Today

PAGE = 50
Sort: TypeAlias = Literal["code", "load", "open", "late"]
STATES: tuple[State, ...] = ("late", "full", "nearly", "free")
SIDE, BELOW, UNDER, LETTER = 16, 26, 24, 14  # of the drawing: a mark's reach, where its name stands, and a letter
SUFFIX = re.compile("(?:(?:维吾尔|壮族|回族)?自治区|特别行政区|省|市)$")
COUNTRY, PROVINCE = 7.0, 2.0  # degrees: how far apart names of provinces, then of cities, help
Number = Annotated[int, QueryParameter(ge=1, le=1000)]


class Listed(msgspec.Struct, frozen=True):
    """A store and its day."""

    store: Store
    today: Today


class Drawn(msgspec.Struct, frozen=True):
    """A mark of the map: one store, or a cluster with the state of its most urgent one and the brands sold there."""

    x: float
    y: float
    stores: tuple[Listed, ...]
    state: State
    brands: tuple[int, ...]
    box: str
    is_closest: bool

    @property
    def radius(self) -> float:
        """Half the mark: more stores are a bigger one, up to a limit."""
        return min(13 + (len(self.stores) - 1) / 6, 22)


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
            everywhere = await _with_load(await stores.find(sought, scope=scope, at=at), scope=scope, at=at)
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
            **(_drawing(found, box) if is_map else _page(found, sort, page)),
        }
        return frame.page(request, "leads/stores_map.html" if is_map else "leads/stores.html", **context)


def _typed(value: str | None) -> str | None:
    # The database keeps no NUL and the like; nobody types them.
    return "".join(sign for sign in value if sign.isprintable()) or None if value else None


async def _with_load(found: Sequence[Store], *, scope: Scope, at: datetime) -> list[Listed]:
    today = await loads.today({store.id: store.daily_capacity for store in found}, scope=scope, at=at)
    return [Listed(store, today[store.id]) for store in found]


def _provinces(places: Sequence[str], region: str | None) -> list[tuple[str, str]]:
    """The provinces that have stores, and the cities of the chosen one."""
    table = regions.table()
    provinces = {code for place in places if (code := regions.province_of(place))}
    cities = {code for place in places if region and place[:2] == region[:2] and (code := regions.city_of(place))}
    return [(code, table[code].name) for code in [*sorted(cities - provinces), *sorted(provinces)]]


def _page(found: Sequence[Listed], sort: str | None, page: int) -> dict[str, Any]:
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


def _drawing(found: Sequence[Listed], asked: str | None) -> dict[str, Any]:
    by_id = {one.store.id: one for one in found}
    places = [map.Place(one.store.id, one.store.longitude, one.store.latitude) for one in found]
    whole = map.around(places)
    box = _box(asked) or whole
    view = map.view_of(box)
    drawn = [_drawn(mark, by_id) for mark in map.marks(places, view)]
    return {
        "marks": drawn,
        "names": _names(drawn, view),
        "inside": sum(len(mark.stores) for mark in drawn),
        "closer": asked is not None and box != whole,
        "size": (map.WIDTH, map.HEIGHT),
    }


def _drawn(mark: map.Mark, by_id: Mapping[int, Listed]) -> Drawn:
    here = tuple(by_id[key] for key in mark.keys)
    brands = {brand for one in here for brand in one.store.brands}
    return Drawn(
        x=mark.x,
        y=mark.y,
        stores=here,
        state=min((one.today.state for one in here), key=STATES.index),
        brands=tuple(sorted(brands)),
        box=str(_wider(mark.box)),
        is_closest=mark.box.east - mark.box.west <= 2 * map.LEAST_DEGREES
        and mark.box.north - mark.box.south <= 2 * map.LEAST_DEGREES,
    )


def _wider(box: map.Box) -> map.Box:
    # Rounding in the address must not cut off the outermost store.
    return map.Box(box.west - 0.001, box.south - 0.001, box.east + 0.001, box.north + 0.001)


def _box(asked: str | None) -> map.Box | None:
    """The box that an address names; None for what is none."""
    try:
        west, south, east, north = (float(side) for side in (asked or "").split(","))
    except ValueError:
        return None
    inside = -180 <= west < east <= 180 and -85 <= south < north <= 85  # noqa: PLR2004  degrees
    return map.Box(west, south, east, north) if inside else None


def _names(drawn: Sequence[Drawn], view: map.View) -> list[tuple[float, float, str]]:
    """Names to find one's way by, beneath marks: provinces from afar, then cities, then districts; the fullest first, as far as there is room."""
    across = view.box.east - view.box.west
    level = regions.province_of if across > COUNTRY else regions.city_of if across > PROVINCE else _itself
    taken = [(mark.x - SIDE, mark.y - SIDE, mark.x + SIDE, mark.y + BELOW) for mark in drawn]
    names: list[tuple[float, float, str]] = []
    for mark in reversed(drawn):
        [(code, _)] = Counter(level(one.store.region) or one.store.region for one in mark.stores).most_common(1)
        words = _short(regions.table()[code].name)
        y = mark.y + mark.radius + UNDER
        room = (mark.x - LETTER * len(words) / 2, y - LETTER, mark.x + LETTER * len(words) / 2, y + 2)
        own = (mark.x - SIDE, mark.y - SIDE, mark.x + SIDE, mark.y + BELOW)
        if not any(_overlap(room, other) for other in taken if other != own):
            taken.append(room)
            names.append((mark.x, y, words))
    return names


def _short(name: str) -> str:
    return SUFFIX.sub("", name) if len(name) > 2 else name  # noqa: PLR2004  two letters are the name itself


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _itself(code: str) -> str | None:
    return code


CONTROLLERS = (Stores,)
