"""What lets observations be taken back: ledgers outlive the people they name, and whoever points to a person is found at once."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T15:47:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "observations taken back"

# Consents and the sharing log are never deleted; they keep the ids of their time, as touchpoints and milestones do.
PROMISES = """
alter table consent drop constraint consent_observation_fkey;
alter table consent drop constraint consent_person_fkey;
alter table sharing_entry drop constraint sharing_entry_person_fkey;

drop index link_person;
create index link_person on link (person);
create index link_decision on link (decision);
create index decision_runner_up on decision (runner_up) where runner_up is not null;
create index review_task_other on review_task (other) where other is not null;
create index review_task_decision on review_task (decision) where decision is not null;
create index merge_loser on merge (loser);
create index merged_link_closed on merged_link (closed);
create index merged_link_opened on merged_link (opened);
create index change_person on change (person);
create index ownership_observation on ownership (observation);
"""


async def forwards() -> MigrationManager:
    """Add them to the tables."""
    manager = MigrationManager(migration_id=ID, app_name="crm", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
