"""Places in the contact budget that messages kept which came to nothing before."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T18:20:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "contact budget, given back"

# What is neither waiting nor on its way will never be sent: its use would count for ever.
GIVE_BACK = """
delete from contact_use
where sent_at is null
      and not exists (select from message where message.id = contact_use.message and message.state in ('queued', 'sending'));
"""


async def forwards() -> MigrationManager:
    """Give the places back."""
    manager = MigrationManager(migration_id=ID, app_name="campaigns", description=DESCRIPTION)

    async def give_back() -> None:
        from crm.database import current

        await current().execute(GIVE_BACK)

    manager.add_raw(give_back)
    return manager
