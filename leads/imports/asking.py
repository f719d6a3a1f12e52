"""What staff ask of an import: begin with a file, say what its columns are, check, run, cancel, go on, undo.

Promises that nothing is made before somebody has seen what a file would do. Refuses what no sheet is, a mapping that lacks what every row needs,
and steps that do not fit where an import stands. What takes long is only marked here; workers do it.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any, Literal, NamedTuple
from uuid import UUID

from crm import access, history
from crm.database import current, insert, notify
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.ids import uuid7
from crm.languages import later
from crm.network import stores_file
from crm.roles import Actor
from leads.capture import Mode
from leads.imports import files, guests, rows, undoing
from leads.imports.rows import SOURCE_KIND
from leads.sources import delimited, desk, guest_list, sheets
from leads.tables import Import

Subject = Literal["leads", "stores", "guests"]

VOCABULARIES = {"leads": desk.DESK, "guests": guest_list.GUESTS}
FIRST_SOURCE = "desk"
LONGEST_NAME = 200
SHOWN = 24  # characters of an example
# Where an import may be for a step; what has made rows keeps its columns.
BEFORE_RUN = ("waiting", "checked", "failed", "cancelled")
STARTABLE = ("checked", "cancelled", "failed")
STOPPABLE = ("checking", "queued", "running")


class WrongStep(Refused):
    sentence = "This import has moved on meanwhile; look at it again."


class SameFile(NamedTuple):
    """An earlier import of the very same file."""

    id: UUID
    state: str
    started_at: datetime


class Column(NamedTuple):
    """A column of a file: its name, what it is read as, how one of its cells looks, and how many say something."""

    name: str
    field: str
    shape: str
    filled: int


class Layout(NamedTuple):
    """The columns of a file, the fields that nobody named yet (of each group one is enough), and how many rows there are."""

    columns: list[Column]
    lacking: list[Sequence[str]]
    rows: int


async def begin(
    content: bytes, *, name: str, subject: Subject, actor: Actor, at: datetime, source_code: str | None = None
) -> UUID:
    """Keep a file and look at its columns; refuses what is too large or no sheet at all. Returns the import's id."""
    source = None if subject == "stores" else await access.make_source(source_code or FIRST_SOURCE, kind=SOURCE_KIND)
    return await _begin(content, name=name, subject=subject, source=source, actor=actor, at=at)


async def begin_guests(content: bytes, *, event: int, name: str, actor: Actor, at: datetime) -> UUID:
    """The same for a list of guests of this event, by a brand's people of their own brand's guests; refuses an event that is over."""
    await guests.refuse_over(event, at=at)
    source = await guests.source_of(actor.brand)
    return await _begin(
        content, name=name, subject="guests", source=source, actor=actor, at=at, event=event, brand=actor.brand
    )


async def _begin(
    content: bytes, *, name: str, subject: Subject, source: int | None, actor: Actor, at: datetime, **facts: Any
) -> UUID:
    files.refuse_large(len(content))
    columns = await rows.remembered(source, subject=subject)
    layout = await _looked_at(content, subject=subject, columns=columns)
    if subject == "guests":
        guests.refuse_many(layout.rows)
    made = Import(
        id=uuid7(at),
        subject=subject,
        name=PurePath(name).name[:LONGEST_NAME] or None,
        staff=actor.id,
        file_hash=files.fingerprint(content),
        source=source,
        mode="offer",
        mapping=json.dumps({one.name: one.field for one in layout.columns}, ensure_ascii=False),
        state="waiting",
        total=layout.rows,
        started_at=at,
        **facts,
    )
    await insert([made])
    await files.keep(content, import_id=made.id, at=at)
    return made.id


async def layout(import_id: UUID) -> Layout:
    """The columns of an import's file as they are read now."""
    row = await _row(import_id)
    content = await files.read(import_id)
    return await _looked_at(content, subject=row["subject"], columns=json.loads(row["mapping"]))


def look(content: bytes, *, subject: Subject, columns: Mapping[str, str]) -> Layout:
    """What stands in a file, as far as it can be told without a person's name leaving it."""
    if subject == "stores":
        return _look_at_stores(content, columns)
    return _look_at_people(content, VOCABULARIES[subject].taught_by(columns))


async def settle(
    import_id: UUID, *, fields: Sequence[str], source: str = "", mode: Mode = "offer", actor: Actor
) -> None:
    """Say what each column is (in their order), for leads whom the file is from and what is to be done, and check it.

    Refuses fields that nobody knows and a file in which no column is the number, the time or a contact.
    """
    row = await _locked(import_id, BEFORE_RUN)
    if await _has_made(import_id):
        raise WrongStep(state=row["state"])
    names = [one.name for one in (await layout(import_id)).columns]
    mapping = _mapping(names, fields, subject=row["subject"])
    # A list of guests keeps the name of those who brought it.
    source_id = row["source"]
    if row["subject"] == "leads":
        source_id = await access.make_source(source.strip(), kind=SOURCE_KIND)
    await current().execute(
        "update import set mapping = $2, source = $3, mode = $4, staff = $5 where id = $1",
        import_id,
        json.dumps(mapping, ensure_ascii=False),
        source_id,
        mode,
        actor.id,
    )
    await _check(import_id)


async def check(import_id: UUID) -> None:
    """Make the dry run once more, as the file was settled."""
    row = await _locked(import_id, BEFORE_RUN)
    if await _has_made(import_id):
        raise WrongStep(state=row["state"])
    await _check(import_id)


async def start(import_id: UUID, *, actor: Actor, at: datetime) -> None:
    """Bring the file in after its dry run, or go on with one that was cancelled or failed."""
    row = await _locked(import_id, STARTABLE)
    if not await _has_made(import_id):
        if row["state"] == "failed":
            raise WrongStep(state=row["state"])
        await current().execute("delete from import_row where import_id = $1", import_id)
        await current().execute(
            "update import set rows = 0, created = 0, repeats = 0, errors = 0 where id = $1", import_id
        )
    await current().execute("update import set state = 'queued', ended_at = null where id = $1", import_id)
    await history.note(actor.actor, "import_started", "import", import_id, at=at, kind=row["subject"])
    await notify(history.CHANGES)


async def cancel(import_id: UUID, *, actor: Actor, at: datetime) -> None:
    """Stop after the batch in hand; what was made stays, and the rest can be done later."""
    row = await _locked(import_id, STOPPABLE)
    to = "waiting" if row["state"] == "checking" else "cancelled"
    await current().execute("update import set state = $2, ended_at = $3 where id = $1", import_id, to, at)
    await history.note(actor.actor, "import_cancelled", "import", import_id, at=at)


async def tell_guests(import_id: UUID, *, actor: Actor, at: datetime) -> int:
    """Write to the guests of a list that was brought in; says to how many. Refuses a list that is still at work, or was undone."""
    row = await _locked(import_id, ("done", "cancelled", "failed"))
    if row["subject"] != "guests":
        raise NotThere
    told = await guests.tell(import_id, at=at)
    if told:
        await history.note(actor.actor, "guests_told", "import", import_id, at=at, rows=told)
    return told


async def undo(import_id: UUID, *, actor: Actor, at: datetime) -> None:
    """Take back exactly what the import made; a worker does it."""
    await undoing.ask(import_id, actor=actor.actor, at=at)


async def same_file(import_id: UUID) -> SameFile | None:
    """The latest other import of the very same bytes that made something and was not undone; of guests, for the same event by the same brand."""
    row = await current().fetchrow(_SAME_FILE, import_id)
    return SameFile(*row.values()) if row else None


def shape(text: str) -> str:
    """How a cell looks without what it says: 13911120001 is 99999999999, 王建国 is 字字字."""
    drawn = re.sub(r"[^\W\d_a-zA-Z]", "字", text[:SHOWN])
    drawn = re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", re.sub(r"\d", "9", drawn)))
    return f"{drawn}…" if len(text) > SHOWN else drawn


def fields_of(subject: Subject) -> tuple[str, ...]:
    """What a column may be."""
    return stores_file.COLUMNS if subject == "stores" else tuple(VOCABULARIES[subject].words)


def needed_of(subject: Subject) -> list[Sequence[str]]:
    """The fields that a file cannot do without; of each group one is enough."""
    return [[column] for column in stores_file.COLUMNS] if subject == "stores" else VOCABULARIES[subject].needed


def _look_at_people(content: bytes, vocabulary: sheets.Vocabulary) -> Layout:
    sheet = sheets.look(content, vocabulary=vocabulary)
    records = sheet.rows()
    if not any(sheet.columns):
        raise delimited.NotASheet(why="it has no line with the names of its columns")
    cells = [[_cell(record.cells, place) for record in records] for place in range(len(sheet.columns))]
    read_as = rows.mapping_of(sheet)
    named = [Column(name, read_as[name], *_outline(cells[place])) for place, name in enumerate(sheet.columns) if name]
    return Layout(_once(named), sheets.lacking(sheet.fields, vocabulary), len(records))


def _look_at_stores(content: bytes, columns: Mapping[str, str]) -> Layout:
    lines = [cells for _, cells in stores_file.records(content)]
    header, records = (lines[0], lines[1:]) if lines else ([], [])
    if not any(header):
        raise stores_file.NotAStoresFile(why="its first line has no column names")
    named = []
    for place, name in enumerate(header):
        field = columns.get(name, name.lower())
        outline = _outline([_cell(cells, place) for cells in records])
        named.append(Column(name, field if field in stores_file.COLUMNS else "", *outline))
    known = {one.field for one in named}
    return Layout(_once(named), [[one] for one in stores_file.COLUMNS if one not in known], len(records))


def _outline(cells: Sequence[str]) -> tuple[str, int]:
    said = [text for cell in cells if (text := cell.strip(delimited.EDGES))]
    return (shape(said[0]) if said else "", len(said))


def _once(columns: Sequence[Column]) -> list[Column]:
    # Two columns of one name are read as one field: the first that says something counts.
    return list({column.name: column for column in reversed(columns) if column.name}.values())[::-1]


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _mapping(names: Sequence[str], fields: Sequence[str], *, subject: Subject) -> dict[str, str]:
    known = set(fields_of(subject)) | {""}
    if len(names) != len(fields) or not set(fields) <= known:
        raise Invalid(errors=[Fault(path="field", message="Say for each column what it is.")])
    if missing := [group for group in needed_of(subject) if not set(group) & set(fields)]:
        raise Invalid(errors=[Fault(path="field", message=LACKING[group[0]]) for group in _told(missing, subject)])
    return dict(zip(names, fields, strict=True))


def _told(missing: Sequence[Sequence[str]], subject: Subject) -> list[Sequence[str]]:
    return list(missing) if subject == "leads" else [[subject]]


async def _looked_at(content: bytes, *, subject: Subject, columns: Mapping[str, str]) -> Layout:
    # Half a second for 20,000 rows (2026-11): in a thread, so that the process answers others meanwhile.
    return await asyncio.to_thread(look, content, subject=subject, columns=columns)


async def _row(import_id: UUID) -> Mapping[str, Any]:
    row = await current().fetchrow("select subject, state, mapping from import where id = $1", import_id)
    if row is None:
        raise NotThere
    return dict(row)


async def _locked(import_id: UUID, states: Sequence[str]) -> Mapping[str, Any]:
    row = await current().fetchrow("select subject, state, source from import where id = $1 for update", import_id)
    if row is None:
        raise NotThere
    if row["state"] not in states:
        raise WrongStep(state=row["state"])
    return dict(row)


async def _has_made(import_id: UUID) -> bool:
    made: bool = await current().fetchval(
        "select exists (select from import_row where import_id = $1 and fate = any($2))",
        import_id,
        [*rows.MADE, "repeat", "kept", "undone"],
    )
    return made


async def _check(import_id: UUID) -> None:
    await current().execute("delete from import_row where import_id = $1", import_id)
    await current().execute(
        "update import set state = 'checking', rows = 0, created = 0, repeats = 0, errors = 0, checked = null"
        " where id = $1",
        import_id,
    )
    await notify(history.CHANGES)


LACKING = {
    "registration": later("Say which column is the registration number: without it a row cannot be told from another."),
    "registered_at": later("Say which column is the time of registration."),
    "phone": later("Say which column is the phone number, the e-mail address or the WeChat unionid."),
    "guests": later("Say which column is the phone number or the e-mail address."),
    "stores": later("Every column of a stores file is needed; say for each which one it is."),
}

_SAME_FILE = """
select other.id, other.state, other.started_at
from import as this
join import as other on other.file_hash = this.file_hash and other.id <> this.id and other.subject = this.subject
    and other.event is not distinct from this.event and other.brand is not distinct from this.brand
where this.id = $1 and other.created > 0 and other.state in ('queued', 'running', 'done', 'cancelled', 'failed')
order by other.started_at desc limit 1
"""
