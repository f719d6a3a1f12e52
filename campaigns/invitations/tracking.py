"""What people did with a message: opened it, followed its link. Each counts once as a contact of the campaign.

Promises that only links which we wrote count, and that whoever follows one arrives, counted or not. What a mail program fetches beforehand
does not count.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from campaigns.invitations import tokens
from campaigns.invitations.outcomes import touch
from campaigns.touchpoints import Touch, record_touches
from crm.database import current
from crm.errors import NotThere

PREFETCH = ("purpose", "sec-purpose", "x-purpose", "x-moz")


def is_prefetch(headers: Mapping[str, str]) -> bool:
    """Whether a program asks ahead of a person."""
    said = (headers.get(name, "").lower() for name in PREFETCH)
    return any("prefetch" in one or "preview" in one for one in said)


async def click(token: str, *, counts: bool, at: datetime) -> str:
    """Where the link of a message leads, on our own site; the first click is a contact. NotThere for a link that we did not write."""
    row = await _message(token)
    if counts:
        await _once(row, Touch.invitation_clicked, _CLICKED, at=at)
    if row["slug"]:
        return f"/r/{row['slug']}"
    return f"/e/{row['event_code']}" if row["event_code"] else "/"


async def open_(token: str, *, at: datetime) -> None:
    """Somebody saw the message; the first time is a contact. A link that we did not write counts nothing."""
    try:
        row = await _message(token)
    except NotThere:
        return
    await _once(row, Touch.invitation_opened, _OPENED, at=at)


async def _message(token: str) -> Record:
    message: UUID | None = tokens.read("link", token)
    row = await current().fetchrow(_MESSAGE, message) if message else None
    if row is None:
        raise NotThere
    return row


async def _once(row: Record, kind: Touch, query: str, *, at: datetime) -> None:
    if row["sent_at"] is None or not await current().fetchval(query, row["id"], at):
        return
    await record_touches([touch(kind, row, brand=brand, at=at) for brand in row["brands"] or (None,)])


_MESSAGE = """
select message.id, message.person, message.brands, message.campaign, message.sent_at, mailing.event, mailing.way,
       event.code as event_code, way.slug
from message join mailing on mailing.id = message.mailing
left join event on event.id = mailing.event
left join channel as way on way.id = mailing.way
where message.id = $1
"""
_OPENED = "update message set opened_at = $2 where id = $1 and opened_at is null returning true"
_CLICKED = "update message set clicked_at = $2 where id = $1 and clicked_at is null returning true"
