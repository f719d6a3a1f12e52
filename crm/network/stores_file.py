"""The stores file as dealers send it: one store a row, as CSV in UTF-8 or GB18030.

Promises that every row is either read in full or named with its column and what to do. Refuses a file whose columns are
not there, because then no row can be trusted.
"""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import Any

import msgspec

from crm import regions
from crm.errors import Refused

COLUMNS = (
    "store_code", "name_zh", "dealer_code", "kind", "brands", "region_code", "longitude", "latitude",
    "daily_capacity", "weight", "opens", "closes", "services",
)  # fmt: skip
KINDS = ("experience_centre", "user_centre", "flagship")
SERVICES = ("sales", "test_drive", "delivery", "service")
LONGITUDES = (73.0, 136.0)
LATITUDES = (3.0, 54.0)


class NotAStoresFile(Refused):
    status = 422
    sentence = "This is not a stores file: {why}."


class StoreRow(msgspec.Struct, frozen=True):
    """One store as the file tells it; `number` is the row as a spreadsheet counts it, the header being 1."""

    number: int
    store_code: str
    name_zh: str
    dealer_code: str
    kind: str
    brands: frozenset[str]
    region_code: str
    longitude: float
    latitude: float
    daily_capacity: int
    weight: int
    opens: time
    closes: time
    services: frozenset[str]


class RowFault(msgspec.Struct, frozen=True):
    """What keeps a row from being used, and what to do."""

    row: int
    column: str
    message: str


def read(
    file: Path | bytes, *, brands: Collection[str], columns: Mapping[str, str] | None = None
) -> tuple[list[StoreRow], list[RowFault]]:
    """The rows that can be used and the faults of those that cannot; refuses what is no stores file at all.

    `columns` says what those of the file mean (name -> column of ours, '' for none) where they have other names.
    """
    good: dict[str, StoreRow] = {}
    faults: list[RowFault] = []
    content = file if isinstance(file, bytes) else file.read_bytes()
    for number, cells in _records(content, columns or {}):
        row, wrong = _row(number, cells, brands=brands)
        if row is not None and row.store_code in good:
            message = f"Row {good[row.store_code].number} already describes this store; keep one of them."
            wrong = [RowFault(number, "store_code", message)]
        elif row is not None:
            good[row.store_code] = row
        faults += wrong
    return list(good.values()), faults


def records(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The header and every line beneath that says anything, as written, numbered as a spreadsheet does."""
    lines = csv.reader(io.StringIO(_text(content), newline=""))
    numbered = ((number, [cell.strip() for cell in line]) for number, line in enumerate(lines, start=1))
    return ((number, line) for number, line in numbered if number == 1 or any(line))


def _records(content: bytes, columns: Mapping[str, str]) -> Iterable[tuple[int, dict[str, str]]]:
    lines = records(content)
    header = [columns.get(name, name).lower() for name in next(lines, (1, []))[1]]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise NotAStoresFile(why=f"it lacks the column {', '.join(missing)}")
    # A short row reads as empty cells, so that its faults name columns.
    return [(number, dict.fromkeys(COLUMNS, "") | dict(zip(header, line, strict=False))) for number, line in lines]


def _text(content: bytes) -> str:
    if content.startswith(b"PK"):
        raise NotAStoresFile(why="it is a workbook; save it as CSV UTF-8")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding).replace("\0", "")
        except UnicodeDecodeError:
            continue
    raise NotAStoresFile(why="its letters are neither UTF-8 nor GB18030; save it as CSV UTF-8")


def _row(number: int, cells: dict[str, str], *, brands: Collection[str]) -> tuple[StoreRow | None, list[RowFault]]:
    values: dict[str, Any] = {}
    faults = []
    for column, read_cell in (_READERS | {"brands": _several(brands)}).items():
        try:
            values[column] = read_cell(cells[column])
        except ValueError as wrong:
            faults.append(RowFault(number, column, str(wrong)))
    if not faults and values["opens"] >= values["closes"]:
        faults.append(RowFault(number, "closes", "The store closes before it opens; correct the hours."))
    return (None, faults) if faults else (StoreRow(number=number, **values), [])


def _code(cell: str) -> str:
    if not cell or len(cell) > 30 or any(sign.isspace() for sign in cell):  # noqa: PLR2004
        raise ValueError("Give a code of up to 30 characters without spaces.")
    return cell


def _name(cell: str) -> str:
    if not cell or len(cell) > 120:  # noqa: PLR2004
        raise ValueError("Give the store's name, up to 120 characters.")
    return cell


def _one_of(known: Collection[str]) -> Callable[[str], str]:
    def read_cell(cell: str) -> str:
        if cell not in known:
            raise ValueError(f"Use one of {', '.join(known)}.")
        return cell

    return read_cell


def _several(known: Collection[str]) -> Callable[[str], frozenset[str]]:
    def read_cell(cell: str) -> frozenset[str]:
        given = frozenset(part.strip().lower() for part in cell.replace("；", ";").split(";") if part.strip())
        if not given or not given <= set(known):
            raise ValueError(f"Give one or more of {', '.join(known)}, separated by semicolons.")
        return given

    return read_cell


def _region(cell: str) -> str:
    region, today = regions.table().get(cell), regions.current(cell)
    if region is None and today is not None:
        raise ValueError(f"This is a former code; the place is {today} today.")
    if region is None or region.level == "province":
        raise ValueError("Give the six-digit GB/T 2260 code of today's district, or of a city that has none.")
    return cell


def _degrees(limits: tuple[float, float], *, other: tuple[float, float]) -> Callable[[str], float]:
    def read_cell(cell: str) -> float:
        degrees: float = _number(float, cell, "Give degrees with a decimal point, such as 104.06476.")
        if limits[0] <= degrees <= limits[1]:
            return degrees
        if other[0] <= degrees <= other[1]:
            raise ValueError("This lies outside China; longitude and latitude look exchanged.")
        raise ValueError(f"This lies outside China; give degrees from {limits[0]:g} to {limits[1]:g}.")

    return read_cell


def _at_least(least: int) -> Callable[[str], int]:
    def read_cell(cell: str) -> int:
        number: int = _number(int, cell, f"Give a whole number from {least}.")
        if not least <= number <= 100_000:  # noqa: PLR2004
            raise ValueError(f"Give a whole number from {least} to 100000.")
        return number

    return read_cell


def _hour(cell: str) -> time:
    try:
        return time.fromisoformat(cell.rjust(5, "0"))
    except ValueError:
        raise ValueError("Give the time as HH:MM, such as 09:00.") from None


def _number(kind: type[Any], cell: str, advice: str) -> Any:
    try:
        return kind(cell)
    except ValueError:
        raise ValueError(advice) from None


_READERS: dict[str, Callable[[str], Any]] = {
    "store_code": _code,
    "name_zh": _name,
    "dealer_code": _code,
    "kind": _one_of(KINDS),
    "region_code": _region,
    "longitude": _degrees(LONGITUDES, other=LATITUDES),
    "latitude": _degrees(LATITUDES, other=LONGITUDES),
    "daily_capacity": _at_least(0),
    "weight": _at_least(1),
    "opens": _hour,
    "closes": _hour,
    "services": _several(SERVICES),
}
