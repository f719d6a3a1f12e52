"""A file of leads brought in: every row with a fate, and those that failed in a file to be mended and brought in again.

Promises rows = created + repeat + error, batches that are whole or not there, and that the same file a second time
creates nothing; an import that was cut off is finished by running it again. Refuses to tell what stood in a cell:
reasons and reports name columns. This is a door: it opens its transactions itself.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple
from uuid import UUID

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from crm import access, reference, vault
from crm.database import current, insert, transaction
from crm.errors import Fault
from crm.ids import uuid7
from leads import capture
from leads.capture import RAW_KEPT, Incoming, Mode, Outcome, Sender
from leads.sources import delimited, desk, sheets
from leads.sources.cars import CarNames
from leads.sources.desk import Row
from leads.tables import Import, ImportRow

BATCH = 200
DIFFERS = "This number came before with other contents; what came first stands."
Fate = Literal["created", "repeat", "error"]


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


class _Fated(NamedTuple):
    """A row and what became of it; `faults` are why not, or what is to be said of a row all the same."""

    row: Row
    fate: Fate
    faults: list[Fault]
    observation: UUID | None = None

    @property
    def reason(self) -> str:
        return "; ".join(map(_words, self.faults))


async def run(
    content: bytes,
    *,
    source_code: str,
    mode: Mode,
    at: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[sheets.Sheet, ImportReport]:
    """Bring in the sheet of an event desk; `progress` hears rows done, rows in all. Refuses what is no such sheet."""
    sheet = desk.opened(content)
    cars, sender, import_id = await _opened(sheet, content, source_code=source_code, mode=mode, at=at)
    rows, of = desk.rows(sheet, cars=cars, at=at), len(sheet.rows())
    fates: list[_Fated] = []
    while batch := list(islice(rows, BATCH)):
        fates += await _take_in(batch, sheet, sender=sender, mode=mode, at=at, import_id=import_id)
        if progress is not None:
            progress(len(fates), of)
    async with transaction():
        await current().execute("update import set state = 'done', ended_at = $2 where id = $1", import_id, at)
    return sheet, _report(sheet, fates)


async def import_file(
    path: Path, *, source: str, mode: Mode, errors_path: Path | None = None, json_output: bool = False
) -> ImportReport:
    """The command `marquee import`: progress on stderr, the report on stdout, failed rows in `<name>.errors.csv`.

    With `json_output` the report goes to stderr as well and one JSON line ends stdout.
    """
    content, errors_path = _content(path), _errors_path(path, errors_path)
    with _bar() as bar:
        task = bar.add_task(path.name, total=None)
        sheet, report = await run(
            content,
            source_code=source,
            mode=mode,
            at=datetime.now(UTC),
            progress=lambda done, of: bar.update(task, completed=done, total=of),
        )
    if report.failed:
        write_errors(errors_path, sheet, report)
    click.echo(told(report, errors_path=errors_path), err=json_output)
    if json_output:
        click.echo(json.dumps({name: getattr(report, name) for name in ("rows", "created", "repeat", "error")}))
    return report


def write_errors(path: Path, sheet: sheets.Sheet, report: ImportReport) -> None:
    """The failed rows with the file's own columns after one that says what to do: mend them and import this file."""
    language = "en" if all(name.isascii() for name in sheet.columns) else "zh"
    cells = {record.number: record.cells for record in sheet.rows()}
    kept = [place for place, name in enumerate(sheet.columns) if name not in desk.PROBLEM.values()]
    delimited.write(
        path,
        columns=[desk.PROBLEM[language], *(sheet.columns[place] for place in kept)],
        rows=([reason, *_in_columns(cells[number], kept, len(sheet.columns))] for number, reason in report.failed),
    )


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


async def _opened(
    sheet: sheets.Sheet, content: bytes, *, source_code: str, mode: Mode, at: datetime
) -> tuple[CarNames, Sender, UUID]:
    async with transaction():
        cars = CarNames(await reference.load())
        sender = await capture.sender(await access.make_source(source_code, kind="event_desk"))
        opened = Import(
            id=uuid7(at),
            file_hash=hashlib.sha256(content).hexdigest(),
            source=sender.id,
            mode=mode,
            mapping=json.dumps({field: sheet.name_of(field) for field in sheet.fields}, ensure_ascii=False),
            state="running",
            started_at=at,
        )
        await insert([opened])
    return cars, sender, opened.id


async def _take_in(
    batch: Sequence[Row], sheet: sheets.Sheet, *, sender: Sender, mode: Mode, at: datetime, import_id: UUID
) -> list[_Fated]:
    items = [Incoming(row.body, row.raw, row.number) for row in batch if row.body is not None]
    async with transaction():
        outcomes: list[Outcome] = []
        if items:
            outcomes = await capture.accept_many(items, source=sender, at=at, mode=mode, import_id=import_id)
        by_number = {item.row_no: outcome for item, outcome in zip(items, outcomes, strict=True)}
        fated = [_fated(row, by_number.get(row.number), sheet) for row in batch]
        await _keep_unread([one.row for one in fated if one.row.body is None], sender=sender, at=at)
        await _note_fates(fated, import_id=import_id)
    return fated


def _fated(row: Row, outcome: Outcome | None, sheet: sheets.Sheet) -> _Fated:
    if outcome is None:
        return _Fated(row, "error", row.faults)
    if outcome.fate == "error":
        return _Fated(row, "error", [_in_words_of(sheet, fault) for fault in outcome.errors])
    if outcome.fate == "created":
        notes = [Fault(path=note["path"], message=f"{note['message']} Taken in without it.") for note in row.notes]
    else:
        notes = [Fault(path=sheet.name_of("registration"), message=DIFFERS)] if outcome.changed else []
    return _Fated(row, outcome.fate, notes, outcome.observation)


# Where capture's paths stand in a sheet; the longest name comes first.
_FIELDS = {
    "person.phone": "phone",
    "person.email": "email",
    "person.wechat": "unionid",
    "person": "phone",
    "place": "address",
    "interests": "interest",
    "consents": "consent_alliance",
}


def _in_words_of(sheet: sheets.Sheet, fault: Fault) -> Fault:
    field = next((field for path, field in _FIELDS.items() if fault["path"].startswith(path)), "line")
    return Fault(path=sheet.name_of(field), message=fault["message"])


async def _keep_unread(rows: Sequence[Row], *, sender: Sender, at: datetime) -> None:
    """Keep rows that never became a body, sealed, once however often their file is tried."""
    ids = [UUID(bytes=vault.match_key("raw_payload", row.raw.decode(), namespace=sender.code)[:16]) for row in rows]
    await current().executemany(
        "insert into raw_payload (id, source, sealed, reason, received_at, purge_after) values ($1, $2, $3, $4, $5, $6)"
        " on conflict (id) do nothing",
        [
            (
                fresh,
                sender.id,
                vault.seal(row.raw.decode(), place=f"raw_payload|sealed|{fresh}"),
                "; ".join(fault["path"] for fault in row.faults)[:400],
                at,
                at + RAW_KEPT,
            )
            for fresh, row in sorted(zip(ids, rows, strict=True), key=lambda pair: pair[0])
        ],
    )


async def _note_fates(fated: Sequence[_Fated], *, import_id: UUID) -> None:
    await insert(
        [
            ImportRow(
                import_id=import_id,
                row_no=one.row.number,
                fate=one.fate,
                reason=one.reason[:400] or None,
                observation=one.observation,
            )
            for one in fated
        ]
    )
    fates = Counter(one.fate for one in fated)
    await current().execute(
        "update import set rows = rows + $2, created = created + $3, repeats = repeats + $4, errors = errors + $5"
        " where id = $1",
        import_id,
        len(fated),
        *(fates[fate] for fate in ("created", "repeat", "error")),
    )


def _report(sheet: sheets.Sheet, fated: Sequence[_Fated]) -> ImportReport:
    fates = Counter(one.fate for one in fated)
    failed = [one for one in fated if one.fate == "error"]
    return ImportReport(
        rows=len(fated),
        created=fates["created"],
        repeat=fates["repeat"],
        error=fates["error"],
        reasons=_counted(failed),
        notes=_counted([one for one in fated if one.fate != "error"]),
        lines=sheet.kinds(),
        unknown_columns=sheet.unknown(),
        failed=[(one.row.number, one.reason) for one in failed],
    )


def _counted(fated: Sequence[_Fated]) -> dict[str, int]:
    return dict(Counter(_words(fault) for one in fated for fault in one.faults).most_common())


def _words(fault: Fault) -> str:
    return f"{fault['path']}: {fault['message']}"


def _in_columns(cells: Sequence[str], kept: Sequence[int], width: int) -> list[str]:
    # Cells beyond the header stay where they are: a person has to see them to mend the row.
    return [cells[place] if place < len(cells) else "" for place in kept] + list(cells[width:])


def _errors_path(path: Path, given: Path | None) -> Path:
    # Beside the file; one on a read-only medium is usual, then where the command was called.
    folder = path.parent if os.access(path.parent, os.W_OK) else Path.cwd()
    errors_path = given or folder / f"{path.stem}.errors.csv"
    if errors_path.resolve() == path.resolve():
        raise delimited.NotASheet(why="its errors cannot be written over it; choose another file for them")
    return errors_path


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as wrong:
        raise delimited.NotASheet(why=wrong.strerror or "it cannot be opened") from wrong


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))
