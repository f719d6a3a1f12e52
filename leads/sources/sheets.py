"""A sheet as people hand it in: titles on top, a header of one line or two, empty lines between, totals at the foot.

Promises that every line is told apart (row, blank, title, header, total) and that what might be a row counts as one.
Refuses a file as a whole only when it is no delimited text or lacks a column that nothing else can stand for.
"""

import copy
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Literal, Self

import msgspec

from leads.sources import delimited
from leads.sources.delimited import EDGES, NotASheet, Record

HEADER_WITHIN = 60  # records that decide on the delimiter
LEAST_NAMES = 3  # a line that names so many known columns is a header

Kind = Literal["row", "blank", "title", "header", "total"]


class Vocabulary:
    """The column names that a kind of sheet may use, by the field they stand for, and the fields it cannot do without.

    `key` is the field that makes a line a row; of `reach`, the fields by which somebody can be reached, one is enough.
    """

    def __init__(self, words: Mapping[str, str], *, key: str, needed: Sequence[str], reach: Sequence[str]) -> None:
        self.words = {field: names.split() for field, names in words.items()}
        self.names = {plain(name): field for field, names in self.words.items() for name in names}
        self.key = key
        self.reach = reach
        self.needed: list[Sequence[str]] = [*([field] for field in needed), reach]
        self.taught: Mapping[str, str] = {}

    def taught_by(self, columns: Mapping[str, str]) -> Self:
        """The same vocabulary, but a column of one of these very names stands for the field beside it, or for none ('')."""
        pupil = copy.copy(self)
        pupil.taught = columns
        return pupil

    def field(self, name: str) -> str | None:
        """What a column of this name stands for; what somebody said of the very name goes before what is usual."""
        typed = name.strip(EDGES)
        return (self.taught[typed] or None) if typed in self.taught else self.names.get(plain(name))


class Sheet(msgspec.Struct, frozen=True):
    """The columns as the file names them, the places of each known field, and every record with its kind."""

    columns: list[str]
    fields: dict[str, list[int]]
    lines: list[tuple[Kind, Record]]

    def rows(self) -> list[Record]:
        """The records that need a fate."""
        return [record for kind, record in self.lines if kind == "row"]

    def kinds(self) -> dict[str, int]:
        """How many lines of each kind there are; together they are all lines of the file."""
        return dict(Counter(kind for kind, _ in self.lines))

    def unknown(self) -> list[str]:
        """The named columns that stand for no field."""
        known = {place for places in self.fields.values() for place in places}
        return [name for place, name in enumerate(self.columns) if name and place not in known]

    def cell(self, record: Record, field: str) -> str:
        """What a row says in a field, trimmed; the first that says something when the sheet has the column twice."""
        for place in self.fields.get(field, ()):
            if place < len(record.cells) and (said := record.cells[place].strip(EDGES)):
                return said
        return ""

    def name_of(self, field: str) -> str:
        """The field's column as the file calls it."""
        return self.columns[self.fields[field][0]] if field in self.fields else field


def read(content: bytes, *, vocabulary: Vocabulary) -> Sheet:
    """Find the header and sort the lines; refuses workbooks, empty files and files that lack a needed column."""
    sheet = look(content, vocabulary=vocabulary)
    _refuse_what_lacks(sheet.columns, sheet.fields, vocabulary)
    return sheet


def look(content: bytes, *, vocabulary: Vocabulary) -> Sheet:
    """The same of any delimited text, for people who are to say what its columns are: see `lacking`."""
    data = delimited.text(content)
    delimiter = max(delimited.DELIMITERS, key=lambda one: _likeness(data, one, vocabulary))
    lines = list(delimited.records(data, delimiter=delimiter))
    above, below, columns = _header(lines, vocabulary)
    sheet = Sheet(columns, _fields(columns, vocabulary), [])
    for record in lines[:above]:
        sheet.lines.append((_kind_above(sheet, record, vocabulary), record))
    sheet.lines.extend(("header", record) for record in lines[above:below])
    order: list[int] | None = None
    for typed in lines[below:]:
        record = _rearranged(typed, order)
        kind = _kind_below(sheet, record, vocabulary)
        if kind == "header":
            order = _order(sheet, typed, vocabulary)
        sheet.lines.append((kind, record))
    return sheet


def lacking(fields: Collection[str], vocabulary: Vocabulary) -> list[Sequence[str]]:
    """The fields that no column stands for and a sheet cannot do without; of each group one is enough."""
    return [group for group in vocabulary.needed if not any(field in fields for field in group)]


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """A column name or code word without what people vary: width, case, spaces, punctuation, remarks in brackets."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", "", re.sub(r"\(.*?\)|\[.*?\]|【.*?】", "", folded))


_TOTAL = re.compile(
    r"\W*(?:(?:本页|本日)?[合总小共]\s*计|汇\s*总|总\s*[人]?数|(?:grand|sub)?\s*total|=\s*(?:sum|counta?|subtotal)\()",
    re.IGNORECASE,
)
_DIGITS_OF_A_NUMBER = 8


def _likeness(data: bytes, delimiter: str, vocabulary: Vocabulary) -> int:
    # A file sorted by a person can have its header anywhere; the delimiter shows in the first lines all the same.
    first = list(islice(delimited.records(data, delimiter=delimiter), HEADER_WITHIN))
    named = max((len(_fields(record.cells, vocabulary)) for record in first), default=0)
    return named * 100 + min(99, max(len(record.cells) for record in first))


def _header(lines: Sequence[Record], vocabulary: Vocabulary) -> tuple[int, int, list[str]]:
    """Where the header starts and ends, and its names; the first complete one, else the fullest for the refusal."""
    best: tuple[int, int, list[str]] = (0, 0, [])
    most = (-1, 0)
    for place, record in enumerate(lines):
        if any(character.isdigit() for cell in record.cells[:3] for character in cell):
            continue
        columns = [cell.strip(EDGES) for cell in record.cells]
        height = 1
        if place + 1 < len(lines) and (joined := _two_levels(columns, lines[place + 1], vocabulary)):
            columns, height = joined, 2
        fields = _fields(columns, vocabulary)
        if len(fields) >= LEAST_NAMES and not lacking(fields, vocabulary):
            return place, place + height, columns
        if (fullness := (len(fields), sum(map(bool, columns)))) > most:
            best, most = (place, place + height, columns), fullness
    return best


def _two_levels(upper: list[str], below: Record, vocabulary: Vocabulary) -> list[str] | None:
    """The names of a header of two lines, where a name above spans several below; None when below is no such line.

    The key has nothing beneath its name there, and a row has digits: without both tests a row could pass for names.
    """
    lower = [cell.strip(EDGES) for cell in below.cells]
    keys = [place for place, name in enumerate(upper) if vocabulary.field(name) == vocabulary.key]
    if not keys or _at(lower, keys[0]) or any(map(str.isdigit, "".join(lower))):
        return None
    names, spanning, is_second_level = [], "", False
    for place in range(max(len(upper), len(lower))):
        above, under = _at(upper, place), _at(lower, place)
        spanning = above or spanning
        found = next((name for name in (under, spanning + under, above) if vocabulary.field(name)), "")
        is_second_level = is_second_level or bool(plain(under) and found and found != above)
        names.append(found or under or above)
    return names if is_second_level else None


def _order(sheet: Sheet, header: Record, vocabulary: Vocabulary) -> list[int] | None:
    """Where the columns of a later header stand in the sheet; None when it has the sheet's own order.

    Offices paste their lists under each other's. A column that the sheet lacks goes behind all others, where it shows.
    """
    order: list[int] = []
    for name in (cell.strip(EDGES) for cell in header.cells):
        field = vocabulary.field(name) or ""
        places = sheet.fields.get(field) or [place for place, known in enumerate(sheet.columns) if known == name]
        free = [place for place in places if place not in order]
        order.append(free[0] if free else len(sheet.columns) + len(order))
    return order if order != list(range(len(order))) else None


def _rearranged(record: Record, order: Sequence[int] | None) -> Record:
    if order is None:
        return record
    cells = [""] * (max(order) + 1 + len(record.cells))
    for place, cell in enumerate(record.cells):
        cells[order[place] if place < len(order) else max(order) + 1 + place] = cell
    return record._replace(cells=cells)


def _at(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _fields(columns: Sequence[str], vocabulary: Vocabulary) -> dict[str, list[int]]:
    fields: dict[str, list[int]] = {}
    for place, name in enumerate(columns):
        if field := vocabulary.field(name):
            fields.setdefault(field, []).append(place)
    return fields


def _refuse_what_lacks(columns: Sequence[str], fields: Mapping[str, list[int]], vocabulary: Vocabulary) -> None:
    missing = lacking(fields, vocabulary)
    if not missing:
        return
    said = [" or ".join(_known_names(group, vocabulary)) for group in missing]
    found = ", ".join(columns[places[0]] for places in fields.values()) or "none"
    raise NotASheet(
        why=f"no line has the column names it needs. Missing: {'; '.join(said)}. Known names found: {found}"
    )


def _known_names(group: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    return [" / ".join(vocabulary.words[field]) for field in group]


def _kind_above(sheet: Sheet, record: Record, vocabulary: Vocabulary) -> Kind:
    # Above the header stand titles, unless somebody sorted the file with its header inside: then these are rows.
    if not any(cell.strip(EDGES) for cell in record.cells):
        return "blank"
    is_row = sheet.cell(record, vocabulary.key) and any(sheet.cell(record, field) for field in vocabulary.reach)
    return "row" if is_row and len(_fields(record.cells, vocabulary)) < LEAST_NAMES else "title"


def _kind_below(sheet: Sheet, record: Record, vocabulary: Vocabulary) -> Kind:
    filled = [text for cell in record.cells if (text := cell.strip(EDGES))]
    if not filled:
        return "blank"
    key = sheet.cell(record, vocabulary.key)
    if any(map(str.isdigit, key)) and not _TOTAL.match(key):
        return "row"
    if len(_fields(filled, vocabulary)) >= LEAST_NAMES:
        return "header"
    is_total = (not key or _TOTAL.match(key)) and any(map(_TOTAL.match, filled[:3]))
    return "total" if is_total and not _names_somebody(sheet, record, vocabulary) else "row"


def _names_somebody(sheet: Sheet, record: Record, vocabulary: Vocabulary) -> bool:
    said = [sheet.cell(record, field) for field in vocabulary.reach]
    return any("@" in text or sum(map(str.isdigit, text)) >= _DIGITS_OF_A_NUMBER for text in said)
