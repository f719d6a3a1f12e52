"""A schematic map of stores: points and what lies near each other, drawn by us, without borders, tiles or anything from elsewhere.

Promises that every place is shown where it is, alone or in a cluster that says how many it stands for, and that the same places give the
same drawing. Shows no boundary at all: an operator may lay an approved one beneath, by the same `View.spot`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

Spot: TypeAlias = tuple[float, float]
WIDTH, HEIGHT, MARGIN = 1000, 640, 44
APART = 42.0  # what lies nearer than this is one mark: marks are 26 to 44 wide, and a thumb needs 24
LEAST_DEGREES = 0.02  # one street: nothing is gained by looking closer


class Place(msgspec.Struct, frozen=True):
    """Something at a longitude and latitude, by its key."""

    key: int
    longitude: float
    latitude: float


class Box(msgspec.Struct, frozen=True):
    """A part of the world in degrees."""

    west: float
    south: float
    east: float
    north: float

    def __str__(self) -> str:
        return ",".join(f"{side:.4f}" for side in (self.west, self.south, self.east, self.north))

    def holds(self, place: Place) -> bool:
        """Whether a place lies in it."""
        return self.west <= place.longitude <= self.east and self.south <= place.latitude <= self.north


class View(msgspec.Struct, frozen=True):
    """How a box is laid onto the drawing: equal lengths east and north at the middle of the box."""

    box: Box
    scale: float
    squeeze: float

    def spot(self, longitude: float, latitude: float) -> Spot:
        """Where a point of the world is on the drawing."""
        east = (longitude - (self.box.west + self.box.east) / 2) * self.squeeze * self.scale
        north = (latitude - (self.box.south + self.box.north) / 2) * self.scale
        return round(WIDTH / 2 + east, 1), round(HEIGHT / 2 - north, 1)


class Mark(msgspec.Struct, frozen=True):
    """One or more places that are drawn as one; `box` is where to look closer."""

    x: float
    y: float
    keys: tuple[int, ...]
    box: Box


def around(places: Iterable[Place]) -> Box:
    """The smallest box that holds these places, never smaller than a street; the whole alliance's country when there are none."""
    known = list(places)
    if not known:
        return Box(73.0, 18.0, 135.0, 54.0)
    easts, norths = [place.longitude for place in known], [place.latitude for place in known]
    return _at_least(Box(min(easts), min(norths), max(easts), max(norths)))


def view_of(box: Box) -> View:
    """The view in which the box fills the drawing."""
    squeeze = math.cos(math.radians((box.south + box.north) / 2))
    wide, high = (box.east - box.west) * squeeze, box.north - box.south
    return View(box, min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / high), squeeze)


def marks(places: Sequence[Place], view: View) -> list[Mark]:
    """The places of a view, those that would overlap as one mark; the fullest last, so that it is drawn on top."""
    inside = [place for place in places if view.box.holds(place)]
    spots = {place.key: view.spot(place.longitude, place.latitude) for place in inside}
    groups = [[place] for place in inside]
    while True:
        joined = _joined(groups, spots)
        if len(joined) == len(groups):
            return sorted((_mark(group, spots) for group in groups), key=lambda mark: (len(mark.keys), mark.keys))
        groups = joined


def _joined(groups: Sequence[list[Place]], spots: Mapping[int, Spot]) -> list[list[Place]]:
    """Every group with the first one before it that lies too near; cells of that size keep a whole network from comparing all with all."""
    cells: dict[tuple[int, int], list[list[Place]]] = {}
    found: list[list[Place]] = []
    for group in groups:
        x, y = _middle(group, spots)
        column, row = int(x // APART), int(y // APART)
        near = [one for i in (-1, 0, 1) for j in (-1, 0, 1) for one in cells.get((column + i, row + j), ())]
        home = next((one for one in near if math.dist((x, y), _middle(one, spots)) < APART), None)
        if home is None:
            own = list(group)
            cells.setdefault((column, row), []).append(own)
            found.append(own)
        else:
            home.extend(group)
    return found


def _middle(group: Sequence[Place], spots: Mapping[int, Spot]) -> Spot:
    here = [spots[place.key] for place in group]
    return sum(x for x, _ in here) / len(here), sum(y for _, y in here) / len(here)


def _mark(group: Sequence[Place], spots: Mapping[int, Spot]) -> Mark:
    x, y = _middle(group, spots)
    return Mark(round(x, 1), round(y, 1), tuple(sorted(place.key for place in group)), around(group))


def _at_least(box: Box) -> Box:
    wide = max(LEAST_DEGREES - (box.east - box.west), 0) / 2
    high = max(LEAST_DEGREES - (box.north - box.south), 0) / 2
    return Box(box.west - wide, box.south - high, box.east + wide, box.north + high)
