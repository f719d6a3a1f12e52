"""Where messages go as long as no gateway is set up: a table of this house, sealed, that staff can read.

Promises that nothing is sent to nowhere in silence, and that a letter is readable by us alone.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from campaigns.senders.letters import Letter, Outcome
from campaigns.tables import SentSample
from crm import vault
from crm.database import current, insert, transaction
from crm.ids import uuid7

MOST = 200


class Sample(msgspec.Struct, frozen=True):
    """A letter that stayed here."""

    id: UUID
    kind: str
    at: datetime
    letter: Letter


async def keep(letter: Letter, *, kind: str, at: datetime) -> Outcome:
    """Keep what would have been sent."""
    id_ = uuid7(at)
    sealed = vault.seal(msgspec.json.encode(letter).decode(), place=_place(id_))
    row = SentSample(id=id_, message=letter.message, channel=letter.channel, kind=kind, letter=sealed, at=at)
    async with transaction():
        await insert([row])
    return Outcome("sent", "sink")


async def newest(*, limit: int = 50) -> list[Sample]:
    """What was kept last; whoever calls may read it."""
    rows = await current().fetch(_NEWEST, min(limit, MOST))
    return [Sample(row["id"], row["kind"], row["at"], _opened(row["letter"], row["id"])) for row in rows]


def _opened(sealed: bytes, id_: UUID) -> Letter:
    return msgspec.json.decode(vault.open_(sealed, place=_place(id_)), type=Letter)


def _place(id_: UUID) -> str:
    return f"sent_sample|letter|{id_}"


_NEWEST = "select id, kind, letter, at from sent_sample order by at desc, id desc limit $1"
