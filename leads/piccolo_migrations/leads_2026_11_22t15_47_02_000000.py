"""What imports of staff stand on: fates of a dry run and of an undo, and that receipts and offers outlive an interest that is undone."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T15:47:02:000000"
VERSION = "1.38.0"
DESCRIPTION = "promises of imports"

# A dealer's feed has no gaps and a receipt is never deleted: both keep the id of an interest that went with its import.
PROMISES = """
alter table receipt drop constraint receipt_interest_fkey;
alter table offer drop constraint offer_interest_fkey;
alter table joined_offer drop constraint joined_offer_interest_fkey;
create index alliance_task_interest on alliance_task (interest);

alter table import add constraint import_subject check (subject in ('leads', 'stores'));
alter table import add constraint import_source check (subject = 'stores' or source is not null);
drop index import_waiting;
create index import_waiting on import (started_at) where state in ('checking', 'queued', 'running', 'undoing');
create index import_source on import (source, started_at desc);
alter table import_row drop constraint import_row_fate;
alter table import_row add constraint import_row_fate check (fate in
    ('new', 'known', 'duplicate', 'changed', 'unchanged', 'created', 'repeat', 'error', 'undone', 'kept'));
create unique index import_row_once on import_row (import_id, row_no);
drop index import_row_import;
create index import_row_import on import_row (import_id, fate, row_no);
"""


async def forwards() -> MigrationManager:
    """Add them to the tables."""
    manager = MigrationManager(migration_id=ID, app_name="leads", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
