"""The promises of campaigns that Piccolo has no words for: the ledgers' primary keys, spread by person, and their indexes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T14:30:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "promises and indexes"

PROMISES = """
alter table campaign add constraint campaign_status check (status in ('found', 'draft', 'scheduled', 'live', 'closed'));
alter table partner add constraint partner_once unique (campaign, brand);
alter table partner add constraint partner_share check (share between 0 and 1);
create index event_campaign on event (campaign);
alter table booth add constraint booth_once unique (event, code);

alter table touchpoint drop constraint touchpoint_pkey;
alter table touchpoint add primary key (person, at, id);
alter table touchpoint add constraint touchpoint_kind_known foreign key (kind) references touchpoint_kind (id);
create index touchpoint_campaign on touchpoint (campaign, brand, kind);
create index touchpoint_observation on touchpoint (observation);

alter table milestone drop constraint milestone_pkey;
alter table milestone add primary key (person, at, id);
alter table milestone add constraint milestone_kind_known foreign key (kind) references milestone_kind (id);
alter table milestone add constraint milestone_value check (value_fen >= 0);
create index milestone_campaign on milestone (campaign, brand, kind);
create index milestone_interest on milestone (interest, kind);
"""


async def forwards() -> MigrationManager:
    """Add the promises to the tables."""
    manager = MigrationManager(migration_id=ID, app_name="campaigns", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
