"""The ground that the demo stands on: empty before the story, and emptied again when somebody starts over.

Promises to empty nothing but the embedded database of this data folder, and to say from its own entries in the history
where a story was begun and ended. Refuses an outside database, and one that holds anything the demo did not make.
"""

from datetime import datetime

from crm import history
from crm.database import current, transaction
from crm.errors import Refused
from crm.settings import settings
from leads.demo.enquiries import SOURCES
from leads.demo.showcase import BEGUN, STAGED

ACTOR = "demo"
NOTED = "select exists (select from history_entry where action = $1)"

# A body that could not be used counts too: it is kept sealed, and somebody may still ask for it.
STRANGERS = """
select exists (
    select from source
    where code <> all($1) and (
        exists (select from submission where submission.source = source.id)
        or exists (select from observation where observation.source = source.id)
        or exists (select from raw_payload where raw_payload.source = source.id)
    )
)
"""
HELD = "select exists (select from submission) or exists (select from raw_payload) or exists (select from store)"


class NotOurs(Refused):
    sentence = "FRESH=1 empties the embedded database only. The one in DATABASE_URL is yours: name an empty one."


class NotADemo(Refused):
    sentence = (
        "The database in this data folder holds registrations or stores that the demo did not make; nothing was emptied. "
        "Name another folder for the demo: make demo MARQUEE_DATA=... (or remove the folder yourself if nobody needs it)."
    )


class NotAnEmptyHouse(Refused):
    sentence = (
        "This database holds registrations or stores already, and no finished demo. "
        "If an interrupted demo left them, start over with: make demo FRESH=1. "
        "If they are yours, name another folder for the demo: make demo MARQUEE_DATA=..."
    )


async def begin(*, campaign: str, at: datetime) -> None:
    """Note that a story begins here, in a transaction before everything else of it; refuses where anything is."""
    async with transaction() as connection:
        if await connection.fetchval(HELD):
            raise NotAnEmptyHouse
        await history.note(ACTOR, BEGUN, "campaign", campaign, at=at)


async def finish(*, campaign: str, at: datetime, registrations: int) -> None:
    """Note that the story was told to its end."""
    async with transaction() as connection:
        # The story itself need not survive a crash before this moment: an unfinished one is played again.
        await connection.execute("set local synchronous_commit = on")
        await history.note(ACTOR, STAGED, "campaign", campaign, at=at, registrations=registrations)


async def is_finished() -> bool:
    """Whether the whole story is there."""
    async with transaction():
        return await _is_noted(STAGED)


async def is_interrupted() -> bool:
    """Whether a story was begun here and not ended: it has to start over."""
    async with transaction():
        return await _is_noted(BEGUN) and not await _is_noted(STAGED)


async def clear() -> None:
    """Take everything out of the embedded database; the schema comes back with the next migration."""
    if settings().database_url is not None:
        raise NotOurs
    async with transaction() as connection:
        await refuse_what_is_not_the_demos()
        await connection.execute("drop schema public cascade")
        await connection.execute("create schema public")


async def refuse_what_is_not_the_demos() -> None:
    """Refuse, in the caller's transaction, a database in which anybody but the demo has left anything; nothing comes in until its end."""
    if not await _is_there("submission"):
        return
    # Between the look and the emptying a lead could come in that was promised to be kept.
    await current().execute("lock table source, submission, observation, raw_payload, store")
    begun = await _is_noted(BEGUN)
    if (not begun and await current().fetchval(HELD)) or await current().fetchval(STRANGERS, SOURCES):
        raise NotADemo


async def _is_noted(action: str) -> bool:
    return await _is_there("history_entry") and bool(await current().fetchval(NOTED, action))


async def _is_there(table: str) -> bool:
    # Before the first migration there is not even the table.
    return bool(await current().fetchval("select to_regclass($1) is not null", f"public.{table}"))
