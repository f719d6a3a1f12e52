"""What was observed before staff could look for it becomes findable, and stays so by one index."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T15:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "search keys"

BATCH = 1000


async def forwards() -> MigrationManager:
    """Digest what is there, then index it."""
    manager = MigrationManager(migration_id=ID, app_name="crm", description=DESCRIPTION)

    async def keep() -> None:
        from crm.people import finding
        from crm.database import current
        from crm.identity import observations

        cursor = await current().cursor("select id, captured_at, particulars from observation")
        while rows := await cursor.fetch(BATCH):
            await finding.remember(
                (row["id"], row["captured_at"], observations.opened(row["particulars"], observation=row["id"]))
                for row in rows
            )
        await current().execute(
            "create index search_key_match on search_key (match_key, captured_at desc, observation)"
        )
        await current().execute("create index search_key_observation on search_key (observation)")

    manager.add_raw(keep)
    return manager
