"""A list as a file to take away: CSV, row after row from one snapshot of the database, with the columns that the list shows.

Promises that phones and e-mails stay masked, that names stand as the reader may see them, and that no cell is a formula for the spreadsheet
that opens it. What went out is noted with its count, also when whoever asked hung up halfway.
"""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

import anyio

from crm import history, languages
from crm.database import current, transaction
from crm.languages import say
from crm.reference import Reference, load
from crm.roles import Scope
from leads.lists import rows, statements
from leads.lists.columns import Column, Name
from leads.lists.filters import Filters
from leads.lists.rows import Row
from leads.lists.words import kind, named, standing

CHUNK = 500
BOM = "\ufeff"  # or Excel reads UTF-8 as something else
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


async def lines(filters: Filters, shown: Sequence[Column], *, at: datetime, view: str) -> AsyncIterator[str]:
    """The file in pieces; opens its own transaction, so that it may outlive the request's. `view` names the filters for the history."""
    sent = 0
    try:
        yield BOM + _written([[say(column.heading) for column in shown] + [say("Lead")]])
        async with transaction():
            await current().execute("set transaction isolation level repeatable read read only")
            await statements.steady()
            known = await load()
            async for chunk in _chunks(filters, at=at):
                yield _written([cells(row, shown, known=known) for row in chunk])
                sent += len(chunk)
    finally:
        with anyio.CancelScope(shield=True):
            await _note(filters.scope, shown, rows=sent, view=view)


def cells(row: Row, shown: Sequence[Column], *, known: Reference) -> list[str]:
    """The cells of one lead, its id last."""
    return [_harmless(_CELLS[column.name](row, known) or "") for column in shown] + [str(row.id)]


async def _chunks(filters: Filters, *, at: datetime) -> AsyncIterator[list[Row]]:
    text, values = statements.everything(filters)
    cursor = await current().cursor(text, *values)
    while found := await cursor.fetch(CHUNK):
        yield await rows.rows([row["lead"] for row in found], filters=filters, at=at)


async def _note(scope: Scope, shown: Sequence[Column], *, rows: int, view: str) -> None:
    async with transaction():
        names = ",".join(column.name for column in shown)
        await history.note(
            scope.actor.actor,
            "leads_exported",
            "list",
            "leads",
            at=datetime.now(UTC),
            rows=rows,
            columns=names,
            filters=view,
        )


def _interest(one: rows.Wished, known: Reference) -> str:
    return " ".join(filter(None, (named(known.brand(one.brand)) if one.brand else None, one.model)))


def _interests(row: Row, known: Reference) -> str:
    return "; ".join(_interest(one, known) for one in row.interests)


def _harmless(cell: str) -> str:
    # A quote in front makes it words for every spreadsheet; a minus before a digit could start a formula as well.
    return f"'{cell}" if cell.startswith(FORMULAS) else cell


def _written(table: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(table)
    return text.getvalue()


_CELLS: dict[Name, Callable[[Row, Reference], str | None]] = {
    "person": lambda row, _: row.name,
    "phone": lambda row, _: row.phone,
    "interests": _interests,
    "wants": lambda row, _: "; ".join(kind(one) for one in row.kinds),
    "stage": lambda row, _: standing(row.stage, row.hold, row.reason),
    "store": lambda row, _: row.store,
    "clock": lambda row, _: row.clock.words if row.clock else None,
    "captured": lambda row, _: languages.moment(row.captured_at),
    "email": lambda row, _: row.email,
    "region": lambda row, _: row.region,
    "campaign": lambda row, _: row.campaign,
    "source": lambda row, _: row.source,
    "number": lambda row, _: row.number,
    "received": lambda row, _: languages.moment(row.received_at),
}
