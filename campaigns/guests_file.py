"""The guests of a view as a CSV to take away.

Promises what the list shows and no more: names as the reader may see them, phones masked, no cell that is a formula. What went out is noted
with its count, also when whoever asked hung up halfway; no connection is held between two pages.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import anyio

from campaigns import guests
from campaigns.guests import Filters, Guest
from crm import history, languages, spreadsheets
from crm.database import transaction
from crm.languages import later, say
from crm.paging import Mark
from crm.reference import Reference, load
from crm.roles import Scope

CHUNK = 500
HEADINGS = (
    later("Name"),
    later("Contact"),
    later("Events"),
    later("State"),
    later("Cars"),
    later("Times"),
    later("Channel"),
    later("Registered"),
    later("Was there"),
    later("Code"),
)
STATES = {
    "confirmed": later("Has a place"),
    "waiting": later("On the waiting list"),
    "offered": later("Place offered"),
    "cancelled": later("Cancelled"),
}


async def lines(filters: Filters, scope: Scope, *, campaign: str) -> AsyncIterator[str]:
    """The file in pieces; opens its own transactions, one a page."""
    sent = 0
    try:
        yield spreadsheets.BOM + spreadsheets.written([[say(heading) for heading in HEADINGS]])
        mark: Mark | None = None
        while True:
            async with transaction():
                page = await guests.listed(filters, scope, after=mark, limit=CHUNK)
                known = await load()
            if page.rows:
                yield spreadsheets.written([_cells(guest, known) for guest in page.rows])
                sent, mark = sent + len(page.rows), page.rows[-1].mark
            if not page.goes_on_after or not page.rows:
                break
    finally:
        with anyio.CancelScope(shield=True):
            await _note(scope, campaign=campaign, rows=sent)


async def _note(scope: Scope, *, campaign: str, rows: int) -> None:
    async with transaction():
        await history.note(scope.actor.actor, "guests_exported", "campaign", campaign, at=datetime.now(UTC), rows=rows)


def _cells(guest: Guest, known: Reference) -> list[str]:
    return [
        guest.name or "",
        guest.phone or "",
        guest.event_name,
        say(STATES[guest.state]),
        "; ".join(_car(wish.brand, wish.model, known) for wish in guest.wishes),
        "; ".join(languages.moment(one.starts_at) for one in guest.bookings),
        guest.channel or "",
        languages.moment(guest.registered_at),
        languages.moment(guest.attended_at) if guest.attended_at else "",
        guest.code,
    ]


def _car(brand: int, model: int | None, known: Reference) -> str:
    it = known.brand(brand)
    name = it.name_zh if languages.spoken() == "zh-Hans" else it.name_en
    return f"{name} {known.model(model).code}" if model is not None else name
