"""Whether we are well, for proxies and those who watch: the process answers, and it can do what it is asked.

Promises that neither tells anything of what is kept here. Refuses to be ready without keys, a database and its reference data.
"""

from litestar import get

from crm import access, database, vault


@get("/health/live", guards=[access.anyone], tags=["Health"], summary="The process answers", sync_to_thread=False)
def live() -> dict[str, str]:
    """Say that this process runs, whatever else does."""
    return {"status": "live"}


@get("/health/ready", guards=[access.anyone], tags=["Health"], summary="The database and the keys are there")
async def ready() -> dict[str, str]:
    """Say that requests can be served now: keys readable, database reachable, reference data there."""
    vault.ready()
    async with database.transaction() as connection:
        await connection.fetchval("select id from brand limit 1")
    return {"status": "ready"}


CONTROLLERS = (live, ready)
