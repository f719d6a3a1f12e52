"""More of what lists of leads stand on: leads without interests have an index of their own, and every way is ordered to its last column."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T15:42:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "lists of leads without interests"

PROMISES = """
update lead set hold = 'no_interest' where not exists (select from interest where interest.lead = lead.id);

create function lead_named_interest() returns trigger language plpgsql as $$
begin
    update lead set hold = null where id = new.lead and hold is not null;
    return null;
end $$;
create trigger interest_named after insert on interest for each row execute function lead_named_interest();

create index lead_hold_captured on lead (hold, captured_at desc, id desc) where hold is not null;
drop index lead_entered;
create index lead_entered on lead (entered_by, captured_at desc, id desc) where entered_by is not null;
create index offer_store_open on offer (store, interest) where state in ('offered', 'accepted');
"""


async def forwards() -> MigrationManager:
    """Add them to the tables."""
    manager = MigrationManager(migration_id=ID, app_name="leads", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
