"""The ground that the demo stands on: empty before the story, and emptied again when somebody starts over.

Promises to empty nothing but the embedded database of this data folder. Refuses an outside database, and one that holds
registrations other than the demo's.
"""

from crm.database import transaction
from crm.errors import Refused
from crm.settings import settings
from leads.demo import showcase

OTHERS = "select exists (select from submission) and not exists (select from campaign where code = any($1))"


class NotOurs(Refused):
    sentence = "FRESH=1 empties the embedded database only. The one in DATABASE_URL is yours: name an empty one."


class NotADemo(Refused):
    sentence = (
        "The database in this data folder holds registrations that are not the demo's. "
        "Name another folder for the demo: make demo MARQUEE_DATA=..."
    )


async def is_finished() -> bool:
    """Whether the whole story is there."""
    return await _has("history_entry", "select exists (select from history_entry where action = $1)", showcase.STAGED)


async def is_interrupted() -> bool:
    """Whether a story was begun here and not ended: it has to start over."""
    begun = await _has("campaign", "select exists (select from campaign where code = any($1))", showcase.CODES)
    return begun and not await is_finished()


async def clear() -> None:
    """Take everything out of the embedded database; the schema comes back with the next migration."""
    if settings().database_url is not None:
        raise NotOurs
    if await _has("submission", OTHERS, showcase.CODES):
        raise NotADemo
    async with transaction() as connection:
        await connection.execute("drop schema public cascade")
        await connection.execute("create schema public")


async def _has(table: str, question: str, *facts: object) -> bool:
    # Before the first migration there is not even the table.
    async with transaction() as connection:
        if not await connection.fetchval("select to_regclass($1) is not null", f"public.{table}"):
            return False
        found: bool = await connection.fetchval(question, *facts)
    return found
