"""What is past its time is found from its old end, without reading what still counts."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T14:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "old sessions, tries and notifications by their time"

PROMISES = """
create index staff_session_expires on staff_session (expires_at);
create index sign_in_attempt_at on sign_in_attempt (at);
create index notification_at on notification (at);
"""


async def forwards() -> MigrationManager:
    """Put the three in place."""
    manager = MigrationManager(migration_id=ID, app_name="crm", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
