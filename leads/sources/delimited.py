"""Delimited text as offices write it: bytes into records, and records into a file that no spreadsheet can run.

Promises that each line is decoded on its own and none is lost to a neighbour's stray quote, and that reading undoes the
quote rule of writing. Refuses workbooks, web pages and empty files.
"""

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

from crm import spreadsheets
from crm.errors import Refused

DELIMITERS = (",", ";", "\t")
FEWEST_DELIMITERS = 4  # with fewer in a row, a sentence in a quoted cell could pass for one
SAMPLE = 4000  # lines that decide what is usual in a file
EDGES = " \t\r\n\v\f\x1a\u3000\u00a0\u200b\ufeff"  # with the end-of-file mark of old systems


class NotASheet(Refused):
    status = 422
    sentence = "This file cannot be read: {why}."


class Record(NamedTuple):
    """One line, numbered as a spreadsheet does from 1; `damaged` says that some of its bytes were no letters."""

    number: int
    cells: list[str]
    damaged: bool = False


def text(content: bytes) -> bytes:
    """The bytes of a file without what is no text: marks, zeros, carriage returns; UTF-16 becomes UTF-8."""
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise NotASheet(why="it is an Excel workbook; save it as CSV UTF-8 and import that")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.decode("utf-16", "replace").encode()
    elif content[:400].count(0) * 3 > len(content[:400]):
        is_little = content[1:400:2].count(0) > content[0:400:2].count(0)
        content = content.decode("utf-16-le" if is_little else "utf-16-be", "replace").encode()
    plain = content.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    if not plain.strip():
        raise NotASheet(why="it is empty")
    if plain.lstrip()[:15].lower().startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        raise NotASheet(why="it is a web page or XML under another name; open it and save it as CSV UTF-8")
    return plain if b"\n" in plain else plain.replace(b"\r", b"\n")


def records(data: bytes, *, delimiter: str) -> Iterator[Record]:
    """The lines of a `text`, each decoded on its own because files are pasted together from several offices."""
    sample = [line for line in islice(data.split(b"\n"), SAMPLE) if not line.isascii()]
    mostly_gb = sum(map(_is_utf8, sample)) * 2 < len(sample)
    split = re.compile(rf'(?:\A|{delimiter})(?:"((?:[^"]++|"")*+)"(?={delimiter}|\Z)|([^{delimiter}]*))')
    for number, (line, is_quoted) in enumerate(_lines(data, delimiter.encode()), start=1):
        text, damaged = _decoded(line, mostly_gb=mostly_gb)
        if is_quoted:
            cells = [inner.replace('""', '"') or outer for inner, outer in split.findall(text)]
        else:
            cells = text.split(delimiter)
            if '"' in text:
                cells = [_without_quotes(cell) for cell in cells]
        if "'" in text:
            cells = [spreadsheets.unquoted(cell) for cell in cells]
        yield Record(number, cells, damaged)


def _without_quotes(cell: str) -> str:
    # In a line whose quotes do not match up, those around a whole cell still only wrap it.
    return cell[1:-1].replace('""', '"') if cell[:1] == cell[-1:] == '"' and len(cell) > 1 else cell


def _lines(data: bytes, mark: bytes) -> Iterator[tuple[bytes, bool]]:
    # Neither UTF-8 nor GB18030 has the bytes of quotes, delimiters or line ends inside a character.
    cell = rb'(?:"(?:[^"]++|"")*+"|(?!")[^%b\n]*+)' % mark
    whole = re.compile(rb"%b(?:%b%b)*+(?=\n|\Z)" % (cell, mark, cell))
    usual = _usual_count(data, mark)
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        line, is_quoted = data[start : end if end >= 0 else len(data)], False
        if b'"' in line and (found := whole.match(data, start)) and not _swallows_rows(found[0], mark, usual):
            line, is_quoted = found[0], True
        start += len(line) + 1
        yield line, is_quoted


def _swallows_rows(record: bytes, mark: bytes, usual: int) -> bool:
    # A stray quote (15.6") can pair up with one some rows below: then a cell holds a row's worth of delimiters, or the
    # record has more cells than a row. Such a line is taken as it stands, quotes and all.
    if usual < FEWEST_DELIMITERS or b"\n" not in record:
        return False
    inner = re.findall(rb'(?:^|%b)"((?:[^"]++|"")*+)"' % mark, record)
    held = max((part.count(mark) for cell in inner for part in cell.split(b"\n")), default=0)
    return held >= usual or record.count(mark) - sum(cell.count(mark) for cell in inner) > usual


def _usual_count(data: bytes, mark: bytes) -> int:
    sample = islice(data.split(b"\n"), SAMPLE)
    counts = Counter(line.count(mark) for line in sample if line.strip())
    return counts.most_common(1)[0][0] if counts else 0


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


# Greek, Cyrillic, Arabic and the like: what two bytes of GB18030 look like when they happen to be valid UTF-8.
_TWO_BYTES = re.compile("[\u0080-\u00b6\u00b8-\u00d6\u00d8-\u07ff]")
_HANZI = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


def _decoded(line: bytes, *, mostly_gb: bool) -> tuple[str, bool]:
    if line.isascii():
        return line.decode("ascii"), False
    if _is_utf8(line):
        text = line.decode()
        is_chance = mostly_gb and _TWO_BYTES.search(text) and not _HANZI.search(text)
        return (line.decode("gb18030", "replace") if is_chance else text), False
    try:
        text = line.decode("gb18030")
    except UnicodeDecodeError:
        return line.decode("gb18030" if mostly_gb else "utf-8", "replace"), True
    return (text, False) if _is_everyday(text) else _likelier(line, text)


def _is_everyday(text: str) -> bool:
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _likelier(line: bytes, as_gb: str) -> tuple[str, bool]:
    # Rare characters: a rare name in GB18030, or UTF-8 of which a program cut a character in two.
    as_utf8 = line.decode("utf-8", "replace")
    is_cut_utf8 = len(_HANZI.findall(as_utf8)) > as_utf8.count("\ufffd")
    return (as_utf8, True) if is_cut_utf8 else (as_gb, False)


def write(path: Path, *, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV (UTF-8 with BOM) in which nothing runs, whole or not at all; readable by its owner alone."""
    # A new file and a rename: one that lies there with wider permissions is replaced, never filled.
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8-sig", errors="replace", newline="") as file:
        write_to(file, columns=columns, rows=rows)
    draft.replace(path)


def write_to(file: TextIO, *, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The same into a file that is open; every cell is quoted, and what could run gets its apostrophe."""
    lines = csv.writer(file, quoting=csv.QUOTE_ALL)
    lines.writerows([spreadsheets.quoted(cell) for cell in cells] for cells in (columns, *rows))
