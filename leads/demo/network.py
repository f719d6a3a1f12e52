"""The dealer network of the demo and what happens to it: some stores are being refitted, and one brand renews its franchises.

Promises files in the format that dealers send, brought in like theirs. The last one takes Maextro out of the network; bringing in
`crm/data/stores.csv` again puts everything back, and what waited for it moves by itself.
"""

import csv
import functools
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from crm import reference
from crm.network import dealers

ACTOR = "demo"
FILE = reference.DATA / "stores.csv"
REFITTED = ("46",)  # provinces whose few stores take nobody in
RENEWED = "maextro"

Row = dict[str, str]


@functools.cache
def _stores() -> tuple[tuple[str, frozenset[str], str], ...]:
    with FILE.open(encoding="utf-8-sig", newline="") as file:
        return tuple(
            (row["region_code"], frozenset(row["brands"].split(";")), row["store_code"]) for row in csv.DictReader(file)
        )


def stores_of(city: str, *, brand: str) -> list[str]:
    """The codes of a city's stores that sell the brand."""
    start = city.rstrip("0") if city.endswith("0000") else city[:4]
    return [code for region, brands, code in _stores() if region.startswith(start) and brand in brands]


async def open_stores(at: datetime) -> None:
    """Bring in the whole network, in the caller's transaction."""
    await dealers.import_network(FILE, at=at, actor=ACTOR)


async def refit(at: datetime) -> None:
    """The stores of a province close for a refit: they stay in the network and take in nobody."""
    await _bring_in(_refitted, at=at)


async def renew_franchises(at: datetime) -> None:
    """One brand's franchises end, to be renewed; its leads wait for the new ones."""
    await _bring_in(_without_brand, at=at)


def _refitted(row: Row) -> Row:
    return {**row, "daily_capacity": "0"} if row["region_code"].startswith(REFITTED) else row


def _without_brand(row: Row) -> Row:
    # A store that sold nothing else shows another brand of the alliance meanwhile.
    left = [brand for brand in row["brands"].split(";") if brand != RENEWED] or ["aito"]
    return {**_refitted(row), "brands": ";".join(left)}


async def _bring_in(changed: Callable[[Row], Row], *, at: datetime) -> None:
    with FILE.open(encoding="utf-8-sig", newline="") as file:
        rows = [changed(row) for row in csv.DictReader(file)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stores.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        await dealers.import_network(path, at=at, actor=ACTOR)
