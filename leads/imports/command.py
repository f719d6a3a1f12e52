"""Imports from the command line: `marquee import`, lists of guests, and what has been brought in listed and undone.

Promises the same leads as an import from the pages, for it is the same code. This is a door: it opens its transactions itself.
"""

import asyncio
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from campaigns import events
from crm.database import current, insert, transaction
from crm.ids import uuid7
from leads.capture import Mode
from leads.imports import guests, reports, rows, undoing
from leads.imports.reports import GuestReport, ImportReport
from leads.sources import delimited, desk, guest_list, sheets
from leads.tables import Import

ACTOR = "staff:cli"


async def run(
    content: bytes,
    *,
    source_code: str,
    mode: Mode,
    at: datetime,
    progress: Callable[[int, int], None] | None = None,
    name: str | None = None,
) -> tuple[sheets.Sheet, ImportReport]:
    """Bring in the sheet of an event desk; `progress` hears rows done, rows in all. Refuses what is no such sheet."""
    work, import_id = await _opened(content, source_code=source_code, mode=mode, at=at, name=name)
    fates: list[rows.Fated] = []
    of = len(work.sheet.rows())
    while batch := rows.batch(work, start=len(fates), at=at):
        async with transaction():
            fates += await rows.take_in(batch, work, at=at, import_id=import_id)
        if progress is not None:
            progress(len(fates), of)
    async with transaction():
        await current().execute("update import set state = 'done', ended_at = $2 where id = $1", import_id, at)
    return work.sheet, reports.of(work.sheet, fates)


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
            name=path.name,
        )
    if report.failed:
        reports.write_errors(errors_path, sheet, report)
    click.echo(reports.told(report, errors_path=errors_path), err=json_output)
    if json_output:
        click.echo(json.dumps({name: getattr(report, name) for name in ("rows", "created", "repeat", "error")}))
    return report


async def import_guests(
    path: Path,
    *,
    event: str,
    errors_path: Path | None = None,
    tell: bool = False,
    dry_run: bool = False,
    json_output: bool = False,
) -> GuestReport:
    """The command `marquee events import-guests`: as `import_file`, for the guests of an event; a dry run registers nobody."""
    content, errors_path = _content(path), _errors_path(path, errors_path)
    work, import_id = await _opened_guests(content, event=event, name=path.name, at=datetime.now(UTC), dry_run=dry_run)
    fates = await _foreseen(work) if dry_run else await _bring_guests_in(work, import_id, name=path.name)
    told = 0
    if tell and not dry_run:
        async with transaction():
            told = await guests.tell(import_id, at=datetime.now(UTC))
    found = reports.of(work.sheet, fates)
    if found.failed:
        reports.write_errors(errors_path, work.sheet, found)
    counts = Counter(one.fate for one in fates)
    report = GuestReport(
        rows=len(fates),
        registered=counts["registered"] + counts["place"],
        waiting=counts["waiting"] + counts["line"],
        repeat=counts["repeat"] + counts["duplicate"],
        error=counts["error"],
        told=told,
        dry_run=dry_run,
    )
    click.echo(reports.told_of_guests(report, found, errors_path=errors_path), err=json_output)
    if json_output:
        click.echo(json.dumps(report._asdict()))
    return report


async def undo(import_id: UUID) -> undoing.Undone:
    """The command `marquee imports undo`: take back exactly what an import made, with progress on stderr."""
    async with transaction():
        await undoing.ask(import_id, actor=ACTOR, at=datetime.now(UTC))
    with _bar() as bar:
        task = bar.add_task("undo", total=None)
        while await _is_going(import_id):
            left = await undoing.advance(import_id, at=datetime.now(UTC))
            if left is None or not left.moved:
                # A worker takes its turns as well, or holds what is left for a moment.
                await asyncio.sleep(0.1)
            if left is not None:
                bar.update(task, completed=left.done, total=left.total)
    async with transaction():
        return await undoing.outcome(import_id)


async def _opened(
    content: bytes, *, source_code: str, mode: Mode, at: datetime, name: str | None
) -> tuple[rows.Desk, UUID]:
    async with transaction():
        known = await current().fetchval("select id from source where code = $1", source_code)
        columns = await rows.remembered(known, subject="leads") if known else {}
        sheet = desk.opened(content, columns=columns)
        work = await rows.ready(sheet, source_code=source_code, mode=mode)
        opened = Import(
            id=uuid7(at),
            subject="leads",
            name=name,
            file_hash=hashlib.sha256(content).hexdigest(),
            source=work.sender.id,
            mode=mode,
            mapping=json.dumps(rows.mapping_of(sheet), ensure_ascii=False),
            state="running",
            total=len(sheet.rows()),
            started_at=at,
        )
        await insert([opened])
    return work, opened.id


async def _opened_guests(
    content: bytes, *, event: str, name: str, at: datetime, dry_run: bool
) -> tuple[guests.GuestList, UUID]:
    async with transaction():
        number = (await events.known(event)).id
        await guests.refuse_over(number, at=at)
        source = await guests.source_of(None)
        sheet = guest_list.opened(content, columns=await rows.remembered(source, subject="guests"))
        guests.refuse_many(len(sheet.rows()))
        opened = Import(
            id=uuid7(at),
            subject="guests",
            name=name,
            file_hash=hashlib.sha256(content).hexdigest(),
            source=source,
            event=number,
            mode="offer",
            mapping=json.dumps(rows.mapping_of(sheet), ensure_ascii=False),
            state="running",
            total=len(sheet.rows()),
            started_at=at,
        )
        if not dry_run:
            await insert([opened])
        return await guests.ready(sheet, event=number, brand=None, source=source, at=at), opened.id


async def _foreseen(work: guests.GuestList) -> list[rows.Fated]:
    async with transaction():
        fated, _ = await guests.foresee(work, at=datetime.now(UTC))
    return fated


async def _bring_guests_in(work: guests.GuestList, import_id: UUID, *, name: str) -> list[rows.Fated]:
    fates: list[rows.Fated] = []
    with _bar() as bar:
        task = bar.add_task(name, total=len(work.sheet.rows()))
        while fresh := guests.batch(work, start=len(fates), at=datetime.now(UTC), limit=guests.AT_ONCE):
            for row in fresh:
                fates.append(await guests.enter(row, work, import_id=import_id, at=datetime.now(UTC)))
                bar.update(task, completed=len(fates))
    async with transaction():
        await current().execute(
            "update import set state = 'done', ended_at = $2 where id = $1", import_id, datetime.now(UTC)
        )
    return fates


async def _is_going(import_id: UUID) -> bool:
    async with transaction():
        return await undoing.is_going(import_id)


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
