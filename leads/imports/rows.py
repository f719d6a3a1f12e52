"""The rows of a sheet of leads taken in, batch by batch: each gets its fate, and what never became a lead is kept sealed.

Promises that a batch and the note of its fates are one transaction, the caller's. Refuses to tell what stood in a cell: reasons name columns.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Literal, NamedTuple
from uuid import UUID

from crm import access, reference, vault
from crm.database import current, insert
from crm.errors import Fault
from leads import capture
from leads.capture import RAW_KEPT, Incoming, Mode, Outcome, Sender
from leads.sources import desk, guest_list, sheets
from leads.sources.cars import CarNames
from leads.sources.desk import Row
from leads.tables import ImportRow

BATCH = 200
SOURCE_KIND = "event_desk"
DIFFERS = "This number came before with other contents; what came first stands."
CAME_BEFORE = "This number came before; it changes nothing."
LONGEST_REASON = 400

Fate = Literal[
    "new", "known", "duplicate", "changed", "unchanged", "place", "line",
    "created", "registered", "waiting", "repeat", "error", "undone", "kept",
]  # fmt: skip
# What a row made, until it is undone.
MADE = ("created", "registered", "waiting")


class Fated(NamedTuple):
    """A row and what became of it; `faults` are why not, or what is to be said of a row all the same."""

    row: Row | guest_list.Row
    fate: Fate
    faults: list[Fault]
    observation: UUID | None = None

    @property
    def reason(self) -> str:
        """What a person reads about it."""
        return "; ".join(map(words, self.faults))


class Desk(NamedTuple):
    """A sheet ready to be taken in: with the names of cars, whom it is from, and how."""

    sheet: sheets.Sheet
    cars: CarNames
    sender: Sender
    mode: Mode


async def ready(sheet: sheets.Sheet, *, source_code: str, mode: Mode) -> Desk:
    """What every batch of the sheet needs; the source is made when it is new."""
    cars = CarNames(await reference.load())
    sender = await capture.sender(await access.make_source(source_code, kind=SOURCE_KIND))
    return Desk(sheet, cars, sender, mode)


def batch(work: Desk, *, start: int, at: datetime) -> list[Row]:
    """The next rows of the sheet from `start`, read; none when it is through."""
    return list(islice(desk.rows(work.sheet, cars=work.cars, at=at, start=start), BATCH))


async def take_in(rows: Sequence[Row], work: Desk, *, at: datetime, import_id: UUID) -> list[Fated]:
    """Make leads of rows and note their fates, in the caller's transaction."""
    items = [Incoming(row.body, row.raw, row.number) for row in rows if row.body is not None]
    outcomes: list[Outcome] = []
    if items:
        outcomes = await capture.accept_many(items, source=work.sender, at=at, mode=work.mode, import_id=import_id)
    by_number = {item.row_no: outcome for item, outcome in zip(items, outcomes, strict=True)}
    fated = [_fated(row, by_number.get(row.number), work.sheet) for row in rows]
    await _keep_unread([one.row for one in fated if one.row.body is None], sender=work.sender, at=at)
    await note(fated, import_id=import_id)
    return fated


async def note(fated: Sequence[Fated], *, import_id: UUID) -> None:
    """Write fates down and count them; `created` counts what is or would be made."""
    await insert(
        [
            ImportRow(
                import_id=import_id,
                row_no=one.row.number,
                fate=one.fate,
                reason=one.reason[:LONGEST_REASON] or None,
                observation=one.observation,
            )
            for one in fated
        ]
    )
    fates = Counter(_COUNTED[one.fate] for one in fated)
    await current().execute(
        "update import set rows = rows + $2, created = created + $3, repeats = repeats + $4, errors = errors + $5"
        " where id = $1",
        import_id,
        len(fated),
        *(fates[fate] for fate in ("created", "repeat", "error")),
    )


def mapping_of(sheet: sheets.Sheet) -> dict[str, str]:
    """What each column of a sheet was read as, by its name; '' where it stands for nothing."""
    fields = {place: field for field, places in sheet.fields.items() for place in places}
    return {name: fields.get(place, "") for place, name in enumerate(sheet.columns) if name}


async def remembered(source: int | None, *, subject: str) -> Mapping[str, str]:
    """What people said last of the columns of files from this source."""
    found = await current().fetchval(
        "select mapping from import where source is not distinct from $1 and subject = $2 and state <> 'waiting'"
        " order by started_at desc limit 1",
        source,
        subject,
    )
    return json.loads(found) if found else {}


def words(fault: Fault) -> str:
    """A fault as a person reads it: where, and what to do."""
    return f"{fault['path']}: {fault['message']}"


# The dry run's counts stand where the run's will.
_COUNTED = {
    "new": "created",
    "known": "created",
    "duplicate": "repeat",
    "changed": "created",
    "unchanged": "repeat",
    "place": "created",
    "line": "created",
    "registered": "created",
    "waiting": "created",
} | {fate: fate for fate in ("created", "repeat", "error")}

# Where capture's paths stand in a sheet; the longest name comes first.
_FIELDS = {
    "person.phone": "phone",
    "person.email": "email",
    "person.wechat": "unionid",
    "person": "phone",
    "place": "address",
    "interests": "interest",
    "wishes": "interest",
    "slot": "slot",
    "consents": "consent_alliance",
}


def in_words_of(sheet: sheets.Sheet, fault: Fault) -> Fault:
    """A fault of capture, at the column where a person can mend it."""
    field = next((field for path, field in _FIELDS.items() if fault["path"].startswith(path)), "line")
    return Fault(path=sheet.name_of(field), message=fault["message"])


def notes_of(row: Row | guest_list.Row) -> list[Fault]:
    """What is to be said of a row that is taken in all the same."""
    return [Fault(path=note["path"], message=f"{note['message']} Taken in without it.") for note in row.notes]


def _fated(row: Row, outcome: Outcome | None, sheet: sheets.Sheet) -> Fated:
    if outcome is None:
        return Fated(row, "error", row.faults)
    if outcome.fate == "error":
        return Fated(row, "error", [in_words_of(sheet, fault) for fault in outcome.errors])
    if outcome.fate == "created":
        return Fated(row, "created", notes_of(row), outcome.observation)
    said = [Fault(path=sheet.name_of("registration"), message=DIFFERS)] if outcome.changed else []
    return Fated(row, "repeat", said, outcome.observation)


async def _keep_unread(rows: Sequence[Row | guest_list.Row], *, sender: Sender, at: datetime) -> None:
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
                "; ".join(fault["path"] for fault in row.faults)[:LONGEST_REASON],
                at,
                at + RAW_KEPT,
            )
            for fresh, row in sorted(zip(ids, rows, strict=True), key=lambda pair: pair[0])
        ],
    )
