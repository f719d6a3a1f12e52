"""Imports as they are shown: the list, one with its counts, its rows by fate, and its failed rows as a file.

Promises at most one page of rows whatever the size of a file, and nothing that stood in a cell but what the error file gives back to whoever
may import. Refuses an import that is not there.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from campaigns import heads
from crm.database import current, statement
from crm.errors import NotThere
from crm.roles import EVERYTHING, Condition, Scope, numbered
from leads.imports import files, reports, rows
from leads.imports.checking import Checked
from leads.imports.words import in_words
from leads.sources import desk, guest_list

PAGE = 50
WORKING = ("checking", "queued", "running", "undoing")


class Shown(msgspec.Struct, frozen=True):
    """One import: where it stands, how far it has come, and what its file is."""

    id: UUID
    subject: str
    name: str | None
    state: str
    source: str | None
    mode: str
    rows: int
    total: int
    created: int
    repeats: int
    errors: int
    started_at: datetime
    ended_at: datetime | None
    undone_at: datetime | None
    by: str | None
    kept_until: datetime | None
    event: str | None
    campaign: str | None
    campaign_id: int | None
    told_at: datetime | None
    checked: Checked
    fates: dict[str, int]

    @property
    def home(self) -> str:
        """Where imports of its kind are listed."""
        if self.campaign is None or self.campaign_id is None:
            return "/imports"
        return f"/campaigns/{heads.reference(self.campaign, self.campaign_id)}/guests/imports"

    @property
    def address(self) -> str:
        """Where it is shown."""
        return f"{self.home}/{self.id}"

    @property
    def may_tell(self) -> bool:
        """Whether the guests of a list can be written to."""
        return self.subject == "guests" and self.state in ("done", "cancelled", "failed")

    @property
    def is_working(self) -> bool:
        """Whether a worker has it or is to have it."""
        return self.state in WORKING

    @property
    def has_made(self) -> bool:
        """Whether it brought anything in, or was about to: then its columns stay as they are."""
        return bool({*rows.MADE, "repeat", "kept", "undone"} & self.fates.keys())


class Line(NamedTuple):
    """One row of a file: its number, its fate, what is to be said of it, and its lead or guest where one was made."""

    number: int
    fate: str
    reason: str
    lead: UUID | None
    guest: UUID | None


class Listed(NamedTuple):
    """A page of a list, and whether there are further ones on either side."""

    items: Sequence[Any]
    has_newer: bool
    has_older: bool


async def latest(which: Condition = EVERYTHING, *, after: UUID | None = None, before: UUID | None = None) -> Listed:
    """Imports, the latest first, from one on (`after`) or up to one (`before`)."""
    turned = before is not None
    query = statement("leads", "imports_newer" if turned else "imports_older")
    text, values = numbered(query, [which], before or after, PAGE + 1)
    found = [_shown(dict(row)) for row in await current().fetch(text, *values)]
    return _listed(found, after=after is not None, turned=turned)


def of_campaign(campaign: int, scope: Scope) -> Condition:
    """The lists of guests of a campaign; a brand's people see those of their brand."""
    # Whoever narrowed the pages to one brand still sees what they brought in themselves.
    mine = scope.actor.brand
    whose = EVERYTHING if mine is None else Condition("import.brand = {}", (mine,))
    return Condition("event.campaign = {}", (campaign,)) & whose


async def address(import_id: UUID) -> str:
    """Where an import is shown."""
    return (await one(import_id)).address


async def one(import_id: UUID, which: Condition = EVERYTHING) -> Shown:
    """An import with the fates of its rows counted; NotThere for one that is not among these."""
    text, values = numbered(statement("leads", "import_shown"), [which], import_id)
    row = await current().fetchrow(text, *values)
    if row is None:
        raise NotThere
    counted = await current().fetch(
        "select fate, count(*) from import_row where import_id = $1 group by fate", import_id
    )
    return _shown(dict(row), dict(map(tuple, counted)))


async def rows_of(import_id: UUID, *, fate: str, after: int | None = None, before: int | None = None) -> Listed:
    """The rows of one fate in the order of the file, from a number on or up to one."""
    turned = before is not None
    query = statement("leads", "import_rows_before" if turned else "import_rows_after")
    found = await current().fetch(query, import_id, fate, before if turned else after or 0, PAGE + 1)
    lines = [Line(row["row_no"], row["fate"], in_words(row["reason"]), row["lead"], row["guest"]) for row in found]
    return _listed(lines, after=bool(after), turned=turned)


async def error_file(import_id: UUID) -> bytes:
    """The failed rows of a file with what to do, to be mended and imported; refuses when the file is gone."""
    shown = await current().fetchrow("select subject, mapping from import where id = $1", import_id)
    if shown is None:
        raise NotThere
    found = await current().fetch(
        "select row_no, reason from import_row where import_id = $1 and fate = 'error' order by row_no", import_id
    )
    failed, content = {row["row_no"]: row["reason"] or "" for row in found}, await files.read(import_id)
    if shown["subject"] == "stores":
        return reports.error_file_of_stores(content, failed, say=in_words)
    opened = guest_list.opened if shown["subject"] == "guests" else desk.opened
    sheet = await asyncio.to_thread(opened, content, columns=msgspec.json.decode(shown["mapping"]))
    return reports.error_file(sheet, failed, say=in_words)


async def sources() -> list[str]:
    """The codes of sources that files came from before."""
    found = await current().fetch(
        "select distinct source.code from source where kind = $1 or exists (select from import where source = source.id)"
        " order by source.code limit 200",
        rows.SOURCE_KIND,
    )
    return [row["code"] for row in found]


def _shown(row: dict[str, Any], fates: dict[str, int] | None = None) -> Shown:
    checked = row.pop("checked")
    told = msgspec.json.decode(checked, type=Checked) if checked else Checked()
    return Shown(**row, checked=told, fates=fates or {})


def _listed(found: Sequence[Any], *, after: bool, turned: bool) -> Listed:
    items = list(found[:PAGE])[:: -1 if turned else 1]
    more = len(found) > PAGE
    return Listed(items, has_newer=more if turned else after, has_older=turned or more)
