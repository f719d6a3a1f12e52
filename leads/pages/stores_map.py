"""The stores as marks on a map: near ones drawn as one, with the names that help to find one's way.

Promises that a mark says by shape what it says by colour, and that every store found is under some mark when the whole is looked at.
Refuses nothing: a box that is none shows the whole.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from crm import regions
from crm.network import map  # noqa: A004  the drawing, in this house
from leads.loads import STATES, Loaded, State

SIDE, BELOW, UNDER, LETTER = 16, 26, 24, 14  # of the drawing: a mark's reach, where its name stands, and a letter
SUFFIX = re.compile("(?:(?:维吾尔|壮族|回族)?自治区|特别行政区|省|市)$")
COUNTRY, PROVINCE = 7.0, 2.0  # degrees: how far apart names of provinces, then of cities, help


class Drawn(msgspec.Struct, frozen=True):
    """A mark of the map: one store, or a cluster with the state of its most urgent one and the brands sold there."""

    x: float
    y: float
    stores: tuple[Loaded, ...]
    state: State
    brands: tuple[int, ...]
    box: str
    is_closest: bool

    @property
    def radius(self) -> float:
        """Half the mark: more stores are a bigger one, up to a limit."""
        return min(13 + (len(self.stores) - 1) / 6, 22)


def drawing(found: Sequence[Loaded], asked: str | None) -> dict[str, Any]:
    """What the map's page shows of these stores, within the box that its address names."""
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


def _drawn(mark: map.Mark, by_id: Mapping[int, Loaded]) -> Drawn:
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
