"""What lists of leads read and stand on: an interest carries what its lead says, and each usual way through them has an index."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T15:30:02:000000"
VERSION = "1.38.0"
DESCRIPTION = "lists of leads"

PROMISES = """
update interest set captured_at = lead.captured_at, campaign = lead.campaign, source = lead.source, region = lead.region
from lead where lead.id = interest.lead;

create function interest_follows_lead() returns trigger language plpgsql as $$
begin
    update interest set region = new.region, campaign = new.campaign where lead = new.id;
    return null;
end $$;
create trigger lead_moved after update of region, campaign on lead
    for each row when (old.region is distinct from new.region or old.campaign is distinct from new.campaign)
    execute function interest_follows_lead();

create index interest_captured on interest (captured_at desc, lead desc);
create index interest_brand_captured on interest (brand, captured_at desc, lead desc);
create index interest_stage_captured on interest (stage, captured_at desc, lead desc);
create index interest_brand_stage_captured on interest (brand, stage, captured_at desc, lead desc);
create index interest_hold_captured on interest (hold, captured_at desc, lead desc) where hold is not null;
create index interest_campaign_captured on interest (campaign, captured_at desc, lead desc);
create index interest_region_captured on interest (region text_pattern_ops, captured_at desc, lead desc);
create index interest_source_captured on interest (source, captured_at desc, lead desc);
create index lead_entered on lead (entered_by, captured_at desc) where entered_by is not null;
create index offer_late on offer (answer_due_at, id) where state = 'offered';
create index offer_store on offer (store, offered_at desc);
create index alliance_task_opened on alliance_task (opened_at, id) where closed_at is null;

alter table bulk add constraint bulk_state
    check (state in ('queued', 'running', 'done', 'cancelled', 'failed', 'undoing', 'undone'));
create index bulk_waiting on bulk (created_at) where state in ('queued', 'running', 'undoing');
create index bulk_staff on bulk (staff, created_at desc);
create index bulk_row_waiting on bulk_row (bulk, id) where fate is null;
create index bulk_row_bulk on bulk_row (bulk, id);
alter table bulk_row add constraint bulk_row_fate check (fate in ('done', 'skipped', 'error', 'undone'));
alter table import add constraint import_state check (state in
    ('waiting', 'checking', 'checked', 'queued', 'running', 'done', 'cancelled', 'failed', 'undoing', 'undone'));
create index import_waiting on import (started_at) where state in ('checking', 'queued', 'undoing');
create index import_started on import (started_at desc, id desc);
create index import_file_purge on import_file (purge_after);
alter table import_row drop constraint import_row_fate;
alter table import_row add constraint import_row_fate check (fate in ('created', 'repeat', 'error', 'undone'));
create index policy_draft_brand on policy_draft (brand, updated_at desc);
alter table simulation add constraint simulation_state check (state in ('queued', 'running', 'done', 'failed'));
create index simulation_waiting on simulation (created_at) where state in ('queued', 'running');
create index simulation_brand on simulation (brand, created_at desc);
-- Past decisions are read again in their order, and a pool's credit as it stood at a moment is in its last receipt before.
create index receipt_decided on receipt (decided_at, id);
create index receipt_pool on receipt (pool_key, decided_at, id) where pool_key is not null;
create index receipt_policy on receipt (policy);
alter table recheck add constraint recheck_answer check (answer in ('confirmed', 'reopened'));
create unique index recheck_once on recheck (interest);
create index recheck_open on recheck (drawn_at) where answer is null;
"""


async def forwards() -> MigrationManager:
    """Add them to the tables."""
    manager = MigrationManager(migration_id=ID, app_name="leads", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
