"""A list as a file to take away: CSV, page after page, with the columns that the list shows.

Promises that phones and e-mails stay masked, that names stand as the reader may see them, and that no cell is a formula for the spreadsheet
that opens it. It holds what was there at the moment that its name tells, each lead as it stands when its page is read: between two pages no
connection is held, however slowly somebody takes it. What went out is noted with its count, also when whoever asked hung up halfway.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

import anyio

from crm import history, languages, spreadsheets
from crm.database import current, transaction
from crm.languages import say
from crm.reference import Reference, load
from crm.roles import Scope
from leads.lists import rows, statements
from leads.lists.columns import Column, Name
from leads.lists.filters import Filters
from leads.lists.rows import Row
from leads.lists.statements import Key
from leads.lists.words import kind, named, standing

CHUNK = 500


async def lines(filters: Filters, shown: Sequence[Column], *, at: datetime, view: str) -> AsyncIterator[str]:
    """The file in pieces; opens its own transactions, one a page and none between them. `view` names the filters for the history."""
    sent, beyond = 0, None
    try:
        yield spreadsheets.BOM + spreadsheets.written([[say(column.heading) for column in shown] + [say("Lead")]])
        while True:
            piece, count, beyond = await _page(filters, shown, beyond=beyond, at=at)
            if piece:
                yield piece
                sent += count
            if beyond is None:
                break
    finally:
        with anyio.CancelScope(shield=True):
            await _note(filters.scope, shown, rows=sent, view=view)


def cells(row: Row, shown: Sequence[Column], *, known: Reference) -> list[str]:
    """The cells of one lead, its id last."""
    return [_CELLS[column.name](row, known) or "" for column in shown] + [str(row.id)]


async def _page(
    filters: Filters, shown: Sequence[Column], *, beyond: Key | None, at: datetime
) -> tuple[str, int, Key | None]:
    """The next page as text, how many leads it has, and where the one after it begins; None behind the last."""
    async with transaction():
        await current().execute("set transaction isolation level repeatable read read only")
        await statements.steady()
        text, values = statements.keys(filters, "newest", beyond=beyond, way="on", limit=CHUNK)
        places = await current().fetch(text, *values)
        found = await rows.rows([row["lead"] for row in places], filters=filters, at=at)
        known = await load()
    # What came in since the file was begun is not in it, wherever it would stand.
    listed = [row for row in found if row.received_at <= at]
    after = (places[-1]["at"], places[-1]["lead"]) if len(places) == CHUNK else None
    return spreadsheets.written([cells(row, shown, known=known) for row in listed]), len(listed), after


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
