"""The addresses by which guests come back: an event's registration page, a guest's own page, their calendar file.

Promises that a guest's address names their registration to us alone, tells nothing about them, cannot be guessed, and stops working once it
was renewed.
"""

from datetime import datetime
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

from crm import history, vault
from crm.database import current
from crm.errors import NotThere

_PRINCIPAL = "guest link"


def of_event(code: str, *, channel: str | None = None) -> str:
    """The path of an event's registration page; `channel` is the code of the way that leads there."""
    return f"/e/{quote(code, safe='')}" + (f"?{urlencode({'c': channel})}" if channel else "")


def of_guest(link: UUID) -> str:
    """The path of a guest's own page, by their registration's `link`."""
    return f"/g/{token(link)}"


def calendar_of_guest(link: UUID) -> str:
    """The path of their calendar file."""
    return f"{of_guest(link)}/event.ics"


def token(link: UUID) -> str:
    """What stands in the address."""
    return vault.outside_reference(_PRINCIPAL, link)


async def registration_of(text: str) -> UUID:
    """The registration that an address names; NotThere for one that was renewed, and for any other text."""
    link = vault.inside_reference(_PRINCIPAL, text)
    found = await current().fetchval("select id from registration where link = $1", link) if link else None
    if found is None:
        raise NotThere
    return UUID(str(found))


async def renew(registration: UUID, *, actor: str, at: datetime) -> None:
    """The addresses that were given out for this guest lead nowhere from now on."""
    await current().execute(
        "update registration set link = $2, version = version + 1 where id = $1", registration, uuid4()
    )
    await history.note(actor, "guest_link_renewed", "registration", registration, at=at)
