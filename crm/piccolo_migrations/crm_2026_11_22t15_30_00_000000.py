"""The promises of staff and their desks that Piccolo has no words for: closed sets, roles with their limits, and the indexes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T15:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "promises of staff"

PROMISES = """
alter table staff add constraint staff_role check (role in ('alliance_admin', 'alliance_marketer', 'brand_marketer',
    'regional_manager', 'event_desk', 'store', 'analyst', 'auditor'));
alter table staff add constraint staff_of_a_brand check (role not in ('brand_marketer', 'regional_manager') or brand is not null);
alter table staff add constraint staff_of_a_region check ((role = 'regional_manager') = (region is not null));
alter table staff add constraint staff_of_a_dealer check ((role = 'store') = (dealer is not null));
alter table staff add constraint staff_login check (login = lower(login));
create index recovery_code_staff on recovery_code (staff);
alter table staff_session add constraint staff_session_step check (step in ('password', 'full'));
create index staff_session_staff on staff_session (staff) where ended_at is null;
create index sign_in_attempt_login on sign_in_attempt (login_key, at);
create index sign_in_attempt_address on sign_in_attempt (address_key, at);

create index staff_note_subject on staff_note (subject, at);
create index staff_task_subject on staff_task (subject, at);
create index staff_task_open on staff_task (assignee, due_at) where done_at is null;
alter table saved_view add constraint saved_view_shared check (shared in ('private', 'team', 'pinned'));
create index saved_view_staff on saved_view (page, staff);
create index notification_unread on notification (staff, id desc);

create index history_entry_at on history_entry (at desc, id desc);
create index history_entry_actor on history_entry (actor, at desc);
create index history_entry_action on history_entry (action, at desc, id desc);
create index person_created on person (created_at desc, id desc) where merged_into is null;
create index ownership_vehicle on ownership (vehicle);
create index no_merge_person on no_merge (person);
create index api_key_created on api_key (created_at);
"""


async def forwards() -> MigrationManager:
    """Add the promises to the tables."""
    manager = MigrationManager(migration_id=ID, app_name="crm", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
