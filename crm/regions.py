"""The national table of regions by GB/T 2260 code: what lies in what, how far apart, and what an old code became.

Promises to be read once. Refuses nothing: an unknown code is None. Coordinates are taken as WGS-84 degrees.
"""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

Level = Literal["province", "city", "district"]
EARTH_RADIUS_KM = 6371.0088
NEAREST_KM = 60
# A name counted less often than this, or less one-sided, stays open: a lead that waits is better than one in the wrong city.
ENOUGH, USUAL = 30, 0.95

_ONE_CITY_PROVINCES = {"11", "12", "31", "50", "71", "81", "82"}


class Region(msgspec.Struct, frozen=True):
    """One row of the national code table; `exact` tells a surveyed centre from one taken over from the parent."""

    code: str
    level: Level
    name: str
    parent: str | None
    pinyin: str
    longitude: float
    latitude: float
    exact: bool


@cache
def table() -> dict[str, Region]:
    """All regions by their code, in the order of the table."""
    return {
        row["code"]: Region(
            code=row["code"],
            level=row["level"],  # type: ignore[arg-type]
            name=row["name_zh"],
            parent=row["parent_code"] or None,
            pinyin=row["pinyin"],
            longitude=float(row["longitude"]),
            latitude=float(row["latitude"]),
            exact=row["coordinate"] == "exact",
        )
        for row in rows("regions.csv")
    }


def current(code: str) -> str | None:
    """The code that stands today for a code of today or of earlier years; None when nobody knows it."""
    return code if code in table() else _old_codes().get(code)


def province_of(code: str) -> str | None:
    """The province of a region; a province is its own."""
    return f"{code[:2]}0000" if f"{code[:2]}0000" in table() and code in table() else None


def city_of(code: str) -> str | None:
    """The city of a region; None for a province with cities.

    A municipality or special region serves as its own city, and so does a county that a province governs directly:
    such counties share a number in the table, but not a neighbourhood.
    """
    if code not in table():
        return None
    if code[:2] in _ONE_CITY_PROVINCES:
        return f"{code[:2]}0000"
    if code[2:] == "0000":
        return None
    return code if code[2:4] == "90" else f"{code[:4]}00"


def called(code: str) -> tuple[str, ...]:
    """The names of a region from its city down; none for an unknown code."""
    return tuple(table()[one].name for one in dict.fromkeys((city_of(code), code)) if one in table())


def usually_meant(codes: Iterable[str]) -> str | None:
    """Of districts that share a name, the one that 95 of 100 real addresses mean which name the district with its city.

    None where no such district is named that often, where the addresses are fewer than 30, and where nobody counted.
    """
    named = sorted((_named().get(code, -math.inf), code) for code in codes)
    total = sum(number for number, _ in named)
    if total < ENOUGH:
        return None
    most, code = named[-1]
    return code if most >= USUAL * total else None


def centroid(code: str) -> tuple[float, float]:
    """Longitude and latitude of a region's centre; KeyError for an unknown code."""
    return table()[code].longitude, table()[code].latitude


def distance_km(a_longitude: float, a_latitude: float, b_longitude: float, b_latitude: float) -> float:
    """Great-circle distance in kilometres."""
    a, b = math.radians(a_latitude), math.radians(b_latitude)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(b_longitude - a_longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half)))


def nearest(longitude: float, latitude: float) -> str | None:
    """The district (or undivided city) whose centre is nearest, within 60 km; None at sea and abroad.

    A centre is not a border: near the edge of a large district the neighbour may be named.
    """
    x, y = math.floor(longitude), math.floor(latitude)
    cells = [_cells().get((x + dx, y + dy), ()) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    near = [(distance_km(longitude, latitude, *centroid(code)), code) for cell in cells for code in cell]
    distance, code = min(near, default=(math.inf, None))
    return code if distance <= NEAREST_KM else None


@cache
def _named() -> dict[str, int]:
    return {row["code"]: int(row["named"]) for row in rows("shared_districts.csv")}


@cache
def _old_codes() -> dict[str, str]:
    return {row["alias"]: row["code"] for row in rows("region_aliases.csv") if row["kind"] == "old code"}


@cache
def _cells() -> dict[tuple[int, int], list[str]]:
    """The smallest regions by whole degree: within China 60 km never reach beyond the neighbouring cells."""
    parents = {region.parent for region in table().values()}
    cells: dict[tuple[int, int], list[str]] = defaultdict(list)
    for region in table().values():
        if region.code not in parents:
            cells[math.floor(region.longitude), math.floor(region.latitude)].append(region.code)
    return cells


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a file of reference data."""
    return list(csv.DictReader((files("crm") / "data" / name).read_text(encoding="utf-8").splitlines()))
