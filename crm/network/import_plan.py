"""What a stores file would do to the network, row by row, before it does it.

Promises to write nothing and to tell the same additions and changes as `crm.dealers.import_network` makes of the same file at the same
moment: what begins, what ends, what is put right.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from asyncpg import Record

from crm.database import current, statement
from crm.network import stores_file
from crm.network.stores_file import RowFault, StoreRow

Fate = Literal["new", "changed", "unchanged", "error"]
PLAIN = ("kind", "name_zh", "daily_capacity", "weight", "opens", "closes")


class Planned(msgspec.Struct, frozen=True):
    """One row of the file: `says` names each column that would change, from what and to what, or what is wrong."""

    number: int
    fate: Fate
    says: list[str]


class Plan(msgspec.Struct, frozen=True):
    """Every row of a file in its order; `untouched` counts the stores that it does not name."""

    rows: list[Planned]
    untouched: int

    def count(self, fate: Fate) -> int:
        """How many rows have this fate."""
        return sum(row.fate == fate for row in self.rows)


async def foresee(file: Path | bytes, *, columns: Mapping[str, str] | None = None) -> Plan:
    """The plan of a file; refuses what is no stores file at all."""
    brands = [row["code"] for row in await current().fetch("select code from brand")]
    rows, faults = stores_file.read(file, brands=brands, columns=columns)
    standing = {row["code"]: row for row in await current().fetch(statement("crm", "network_standing"))}
    planned = [_planned(row, standing.get(row.store_code)) for row in rows] + _wrong(faults)
    untouched = len(standing.keys() - {row.store_code for row in rows})
    return Plan(sorted(planned, key=lambda one: one.number), untouched)


def _planned(row: StoreRow, standing: Record | None) -> Planned:
    if standing is None:
        return Planned(row.number, "new", [f"dealer_code: {row.dealer_code}", f"brands: {_listed(row.brands)}"])
    says = list(_differences(row, standing))
    return Planned(row.number, "changed" if says else "unchanged", says)


def _differences(row: StoreRow, standing: Record) -> Iterator[str]:
    if standing["dealer"] != row.dealer_code:
        yield f"dealer_code: {standing['dealer'] or '-'} → {row.dealer_code}"
    yield from _set_changed("brands", set(standing["brands"]), row.brands)
    # The file knows no test drives of its own: who sells a car lets people drive it.
    services = row.services | {"test_drive"} if "sales" in row.services else row.services
    yield from _set_changed("services", set(standing["services"]), services)
    if standing["region"] != row.region_code:
        yield f"region_code: {standing['region']} → {row.region_code}"
    if (standing["longitude"], standing["latitude"]) != (row.longitude, row.latitude):
        yield f"longitude, latitude: {standing['longitude']}, {standing['latitude']} → {row.longitude}, {row.latitude}"
    for column in PLAIN:
        if standing[column] != getattr(row, column):
            yield f"{column}: {_short(standing[column])} → {_short(getattr(row, column))}"


def _set_changed(column: str, before: set[str], after: frozenset[str]) -> Iterator[str]:
    moved = [f"+{one}" for one in sorted(after - before)] + [f"−{one}" for one in sorted(before - after)]
    if moved:
        yield f"{column}: {' '.join(moved)}"


def _listed(codes: frozenset[str]) -> str:
    return ", ".join(sorted(codes))


def _short(value: object) -> str:
    return f"{value:%H:%M}" if hasattr(value, "hour") else str(value)


def _wrong(faults: Sequence[RowFault]) -> list[Planned]:
    by_row: dict[int, list[str]] = {}
    for fault in faults:
        by_row.setdefault(fault.row, []).append(f"{fault.column}: {fault.message}")
    return [Planned(number, "error", says) for number, says in by_row.items()]
