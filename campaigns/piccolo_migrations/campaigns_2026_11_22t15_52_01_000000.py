"""What happened last is read along the ledger's clock."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T15:52:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "the ledger by its clock"

PROMISES = """
create index milestone_at on milestone (at desc, id desc) where retracted_at is null;
"""


async def forwards() -> MigrationManager:
    """Add the index."""
    manager = MigrationManager(migration_id=ID, app_name="campaigns", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
