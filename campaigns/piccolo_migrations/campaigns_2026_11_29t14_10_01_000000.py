"""The answers of a day are found by what kind of fact they are: for a narrow scope the planner read a million facts of the kind instead."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T14:10:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "facts of a kind by their time"

PROMISES = """
create index milestone_kind_at on milestone (kind, at desc, id desc) include (interest) where retracted_at is null;
"""


async def forwards() -> MigrationManager:
    """Put it beside the one of all kinds, which the wall walks."""
    manager = MigrationManager(migration_id=ID, app_name="campaigns", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
