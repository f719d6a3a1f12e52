"""What was done, and what changed: `note` for people to read, `tell` and `unread` for higher apps to act on.

Promises that both are append-only and that a reader of changes never skips one that commits late: it reads only transactions that are older
than every transaction still running. Details never carry personal data.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crm.database import current, notify

CHANGES = "marquee_work"


class Told(msgspec.Struct, frozen=True):
    """A change as its readers get it."""

    id: int
    xid: int
    kind: str
    person: UUID
    details: dict[str, Any]
    at: datetime


async def note(actor: str, action: str, subject_kind: str, subject: object, *, at: datetime, **details: object) -> None:
    """Record for people that `actor` did `action` to a subject."""
    await current().execute(
        "insert into history_entry (actor, action, subject_kind, subject, details, at) values ($1, $2, $3, $4, $5, $6)",
        actor,
        action,
        subject_kind,
        str(subject),
        msgspec.json.encode(details).decode(),
        at,
    )


async def tell(kind: str, persons: Iterable[UUID], *, at: datetime, **details: object) -> None:
    """Tell higher apps that something changed about these persons, once this transaction has committed."""
    await current().execute(
        """
        insert into change (xid, kind, person, details, at)
        select pg_current_xact_id()::text::bigint, $1, person, $3, $4 from unnest($2::uuid[]) as given (person)
        """,
        kind,
        sorted(persons),
        msgspec.json.encode(details).decode(),
        at,
    )
    await notify(CHANGES)


async def unread(reader: str, *, limit: int = 200) -> list[Told]:
    """The next changes for a reader, oldest first; the reader's row stays locked until the transaction ends, so two never share them."""
    if await current().fetchval(_NOTHING_NEW, reader):
        return []
    await current().execute(
        "insert into change_reader (name, xid, change) values ($1, 0, 0) on conflict do nothing", reader
    )
    rows = await current().fetch(
        """
        with reader as (select xid, change from change_reader where name = $1 for update)
        select change.id, change.xid, change.kind, change.person, change.details, change.at
        from change, reader
        where (change.xid, change.id) > (reader.xid, reader.change)
              and change.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        order by change.xid, change.id
        limit $2
        """,
        reader,
        limit,
    )
    return [Told(*row.values()) for row in _decoded(rows)]


async def mark_read(reader: str, last: Told) -> None:
    """Everything up to and with `last` is done for this reader."""
    await current().execute("update change_reader set xid = $2, change = $3 where name = $1", reader, last.xid, last.id)


def _decoded(rows: Iterable[Any]) -> Iterable[dict[str, Any]]:
    return ({**row, "details": msgspec.json.decode(row["details"])} for row in rows)


# Looking must not write: a reader that locks its row each time it wakes would burn a transaction id twice a second for nothing.
_NOTHING_NEW = """
select not exists (
    select from change
    where (xid, id) > (coalesce((select xid from change_reader where name = $1), 0),
                       coalesce((select change from change_reader where name = $1), 0))
)
"""
