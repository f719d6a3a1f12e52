"""Cells that a spreadsheet takes for words: the quote rule of every file that leaves the house, and the way back.

Promises that nothing runs in whoever's spreadsheet opens a file of ours, and that reading undoes what writing did. Refuses nothing: text that
could not run stays as it is.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

BOM = "\ufeff"  # at the head of a file, or spreadsheets read UTF-8 as something else

_LINE_START = re.compile(r"(\A|\r\n|\r|\n)")
_QUOTED_START = re.compile(r"(\A|\r\n|\r|\n)'")
# Apostrophes count as invisible: what is quoted must still look quotable, else reading could not undo it.
_INVISIBLE_START = re.compile(r"\A[\s'\x00-\x20\x7f-\xa0\u200b-\u200f\ufeff]+")
_NUMBER = re.compile(r"[+-]?[\d ]*\d(\.\d+)?", re.ASCII)


def written(rows: Iterable[Sequence[str]]) -> str:
    """Lines of a CSV for people to open; every cell is harmless."""
    text = io.StringIO()
    csv.writer(text).writerows([harmless(cell) for cell in cells] for cells in rows)
    return text.getvalue()


def harmless(cell: str) -> str:
    """The cell as text for any spreadsheet: what could run gets an apostrophe before each of its lines."""
    if cell.isalnum():
        return cell
    return _with_apostrophes(cell) if cell.startswith(("\t", "\r")) or any(map(_begins, _lines(cell))) else cell


def quoted(cell: str) -> str:
    """The same for a file that comes back to us mended: phone numbers (+86...) and other numbers stay usable as they are."""
    return _with_apostrophes(cell) if _could_run(cell) else cell


def unquoted(cell: str) -> str:
    """What stood there before `quoted`; text that nobody quoted stays."""
    if cell[:1] != "'" or not _could_run(cell):
        return cell
    is_all_quoted = len(_QUOTED_START.findall(cell)) == len(_LINE_START.findall(cell))
    return _QUOTED_START.sub(r"\1", cell) if is_all_quoted else cell


def _with_apostrophes(cell: str) -> str:
    return _LINE_START.sub(r"\1'", cell)


def _could_run(cell: str) -> bool:
    return not cell.isalnum() and any(_begins(line) and not _is_number(line) for line in _lines(cell))


def _begins(line: str) -> bool:
    # NFKC, because a full-width equals sign is run as well.
    return unicodedata.normalize("NFKC", _bare(line)[:1]) in {"=", "+", "-", "@"}


def _is_number(line: str) -> bool:
    return _NUMBER.fullmatch(_bare(line)) is not None


def _bare(line: str) -> str:
    return _INVISIBLE_START.sub("", line)


def _lines(cell: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", cell)
