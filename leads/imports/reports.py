"""What became of a file, in counts and words, and its failed rows as a file to be mended and brought in again.

Promises that the counts add up to the rows, and that nothing in an error file runs in a spreadsheet.
"""

import io
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from crm.network import stores_file
from leads.imports.rows import Fated, words
from leads.sources import delimited, sheets
from leads.sources.reading import PROBLEM


class ImportReport(msgspec.Struct, frozen=True):
    """What became of a file; `reasons` and `notes` count faults by column and advice, `lines` all lines by kind."""

    rows: int
    created: int
    repeat: int
    error: int
    reasons: dict[str, int]
    notes: dict[str, int]
    lines: dict[str, int]
    unknown_columns: list[str]
    failed: list[tuple[int, str]]


class GuestReport(NamedTuple):
    """What became, or (of a dry run) would become, of a list of guests; `told` is how many were written to."""

    rows: int
    registered: int
    waiting: int
    repeat: int
    error: int
    told: int = 0
    dry_run: bool = False


def of(sheet: sheets.Sheet, fated: Sequence[Fated]) -> ImportReport:
    """The report on all rows of a sheet."""
    fates = Counter(one.fate for one in fated)
    failed = [one for one in fated if one.fate == "error"]
    return ImportReport(
        rows=len(fated),
        created=fates["created"],
        repeat=fates["repeat"],
        error=fates["error"],
        reasons=counted(failed),
        notes=counted([one for one in fated if one.fate != "error"]),
        lines=sheet.kinds(),
        unknown_columns=sheet.unknown(),
        failed=[(one.row.number, one.reason) for one in failed],
    )


def counted(fated: Sequence[Fated]) -> dict[str, int]:
    """How often each thing is to be said, the most frequent first."""
    return dict(Counter(words(fault) for one in fated for fault in one.faults).most_common())


def write_errors(path: Path, sheet: sheets.Sheet, report: ImportReport) -> None:
    """The failed rows with the file's own columns after one that says what to do: mend them and import this file."""
    columns, rows = _failed_rows(sheet, report.failed)
    delimited.write(path, columns=columns, rows=rows)


def error_file(sheet: sheets.Sheet, failed: Mapping[int, str], *, say: Callable[[str], str]) -> bytes:
    """The same as bytes to be taken away; `say` puts a reason into the reader's language."""
    columns, rows = _failed_rows(sheet, [(number, say(reason)) for number, reason in failed.items()])
    file = io.StringIO(newline="")
    delimited.write_to(file, columns=columns, rows=rows)
    return file.getvalue().encode("utf-8-sig", "replace")


def error_file_of_stores(content: bytes, failed: Mapping[int, str], *, say: Callable[[str], str]) -> bytes:
    """The same of a stores file."""
    lines = dict(stores_file.records(content))
    rows = [[say(reason), *lines[number]] for number, reason in failed.items()]
    file = io.StringIO(newline="")
    delimited.write_to(file, columns=[PROBLEM["en"], *lines[1]], rows=rows)
    return file.getvalue().encode("utf-8-sig", "replace")


def told(report: ImportReport, *, errors_path: Path) -> str:
    """The report in words, for a terminal."""
    others = ", ".join(f"{count} {kind}" for kind, count in sorted(report.lines.items()) if kind != "row")
    said = [
        f"{report.rows} rows: {report.created} created, {report.repeat} repeat, {report.error} error",
        f"other lines: {others}",
        *(f"  {count:>6}  {reason}" for reason, count in report.reasons.items()),
    ]
    if report.notes:
        said += ["taken in all the same:", *(f"  {count:>6}  {note}" for note, count in report.notes.items())]
    if report.unknown_columns:
        said.append(f"columns not used: {', '.join(report.unknown_columns)}")
    if report.failed:
        said.append(f"mend and import: {errors_path}")
    return "\n".join(said)


def told_of_guests(report: GuestReport, found: ImportReport, *, errors_path: Path) -> str:
    """What became of a list of guests in words, for a terminal."""
    first = (
        f"{report.rows} rows: {report.registered} {'would be ' if report.dry_run else ''}registered, {report.waiting} on the waiting list,"
        f" {report.repeat} repeat, {report.error} error"
    )
    said = [first, *(f"  {count:>6}  {reason}" for reason, count in found.reasons.items())]
    if found.notes:
        said += ["to know:", *(f"  {count:>6}  {note}" for note, count in found.notes.items())]
    if found.unknown_columns:
        said.append(f"columns not used: {', '.join(found.unknown_columns)}")
    if not report.dry_run:
        said.append(f"{report.told} guests are being written to" if report.told else "nobody was written to")
    if found.failed:
        said.append(f"mend and import: {errors_path}")
    return "\n".join(said)


def _failed_rows(sheet: sheets.Sheet, failed: Collection[tuple[int, str]]) -> tuple[list[str], list[list[str]]]:
    language = "en" if all(name.isascii() for name in sheet.columns) else "zh"
    cells = {record.number: record.cells for record in sheet.rows()}
    kept = [place for place, name in enumerate(sheet.columns) if name not in PROBLEM.values()]
    columns = [PROBLEM[language], *(sheet.columns[place] for place in kept)]
    return columns, [[reason, *_in_columns(cells[number], kept, len(sheet.columns))] for number, reason in failed]


def _in_columns(cells: Sequence[str], kept: Sequence[int], width: int) -> list[str]:
    # Cells beyond the header stay where they are: a person has to see them to mend the row.
    return [cells[place] if place < len(cells) else "" for place in kept] + list(cells[width:])
