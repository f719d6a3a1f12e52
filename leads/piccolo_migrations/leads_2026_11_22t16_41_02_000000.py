"""What work queues stand on: what was lost since a moment is found without reading every answer ever given."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T16:41:02:000000"
VERSION = "1.38.0"
DESCRIPTION = "work queues"

PROMISES = """
create index disposition_lost on disposition (recorded_at) where kind in ('lost', 'invalid');
create index alliance_task_lost on alliance_task (closed_at) where outcome is not null;
create index recheck_brand_open on recheck (brand, drawn_at, id) where answer is null;
drop index recheck_open;
create index recheck_open on recheck (drawn_at, id) where answer is null;
"""


async def forwards() -> MigrationManager:
    """Add them to the tables."""
    manager = MigrationManager(migration_id=ID, app_name="leads", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
