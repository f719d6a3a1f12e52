"""What work leaves behind in a big house: queues, samples to check again, questions of identity, history, imports, colleagues who watch.

Promises as much as months of work would leave beside a crowd, so that the pages of work are measured full, and that a second run adds
nothing. Names nobody: every row stands on rows of the crowd.
"""

from datetime import datetime
from pathlib import Path

from crm import database, staff
from crm.database import current, transaction
from crm.staff import Duty

SQL = Path(__file__).with_name("traces.sql")


async def leave(*, at: datetime) -> bool:
    """Write them all, unless they are there; says whether it did."""
    async with transaction():
        if await current().fetchval("select exists (select from recheck)"):
            return False
        duty = Duty("alliance_marketer")
        await staff.add("bench.alliance", name="alliance", duty=duty, password_hash=None, actor="bench", at=at)
        # The rows keep every promise by themselves, as the crowd's do.
        await current().execute("set local session_replication_role = replica")
        for statement in SQL.read_text().split(";\n"):
            if statement.strip():
                await current().execute(statement, *([at] if "$1" in statement else []))
    return True


async def settle() -> None:
    """Have every table vacuumed and counted, as a house that runs for days is: an index answers alone only there."""
    pool = database.DB.pool
    if pool is None:
        raise RuntimeError("Open the pool first.")
    async with pool.acquire() as connection:
        await connection.execute("vacuum (analyze)")
