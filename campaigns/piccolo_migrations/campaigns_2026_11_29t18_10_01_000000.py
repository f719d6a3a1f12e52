"""Second forms of one person are counted like everybody's."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T18:10:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "second forms of one person are counted"

# Nobody who was told of a place loses it: where second forms go beyond the number of places, there are as many more.
COUNTED = """
update event set taken = held.count, capacity = greatest(capacity, held.count)
from (select event, count(*) from registration where state in ('confirmed', 'offered') group by event) as held
where held.event = event.id and capacity is not null and taken <> held.count;
update slot set taken = held.count, places = greatest(places, held.count)
from (select slot, count(*) from booking where state in ('confirmed', 'offered') group by slot) as held
where held.slot = slot.id and taken <> held.count;
"""


async def forwards() -> MigrationManager:
    """Count them."""
    manager = MigrationManager(migration_id=ID, app_name="campaigns", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(COUNTED)

    manager.add_raw(keep)
    return manager
