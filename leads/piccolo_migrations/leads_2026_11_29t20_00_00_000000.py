"""Lists of guests are imported like files of leads: for one event, by the alliance or by one brand's people."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T20:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "lists of guests"

# place and line are what a dry run foresees, registered and waiting what a run made of it.
PROMISES = """
alter table import add column event integer references event (id) on delete restrict,
    add column brand integer references brand (id) on delete restrict, add column told_at timestamptz;
alter table import drop constraint import_subject;
alter table import add constraint import_subject check (subject in ('leads', 'stores', 'guests'));
alter table import add constraint import_of_event check ((subject = 'guests') = (event is not null));
create index import_event on import (event, started_at desc, id desc) where event is not null;
alter table import_row drop constraint import_row_fate;
alter table import_row add constraint import_row_fate check (fate in
    ('new', 'known', 'duplicate', 'changed', 'unchanged', 'place', 'line', 'created', 'registered', 'waiting', 'repeat', 'error',
     'undone', 'kept'));
"""


async def forwards() -> MigrationManager:
    """Change the tables, as leads/tables/capture.py says them."""
    manager = MigrationManager(migration_id=ID, app_name="leads", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
