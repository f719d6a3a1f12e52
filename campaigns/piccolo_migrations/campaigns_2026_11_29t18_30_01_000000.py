"""What a booking's guest is still to be told is found by the booking: it is looked for while the slot is locked."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T18:30:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "messages of a booking"

PROMISES = """
create index guest_message_booking on guest_message (booking) where told_at is null;
"""


async def forwards() -> MigrationManager:
    """Make the index."""
    manager = MigrationManager(migration_id=ID, app_name="campaigns", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
