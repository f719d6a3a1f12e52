"""Registering: the guest's link and code, first answers, second forms of one person, and how often a form may be sent."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T17:20:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "guest links, first answers, joined registrations, tries"

# A row that joins another holds no place of its own, so it may stand beside the one it joins. Rows of before get a link and a code nobody knows.
PROMISES = """
alter table event add column opened_at timestamptz;

alter table registration add column joins uuid references registration (id) on delete restrict,
    add column link uuid not null default gen_random_uuid(),
    add column code varchar(12) not null default upper(substr(md5(random()::text || clock_timestamp()::text), 1, 12)),
    add column first_state varchar(12) not null default 'confirmed',
    add column first_position bigint,
    add column changed_at timestamptz,
    add column sequence integer not null default 0;
create unique index registration_link on registration (link);
create unique index registration_code on registration (code);
create index registration_joins on registration (joins) where joins is not null;
create index registration_line_waiting on registration (event, position) where state = 'waiting';
create index registration_reminded on guest_message (registration) where kind = 'reminder' and told_at is null;

alter table booking add column joins uuid references booking (id) on delete restrict,
    add column body_hash bytea not null default '',
    add column first_state varchar(12) not null default 'confirmed',
    add column first_position bigint,
    add column changed_at timestamptz,
    add column sequence integer not null default 0;
drop index booking_once;
create unique index booking_once on booking (slot, registration) where state <> 'cancelled' and joins is null;
create index booking_joins on booking (joins) where joins is not null;
create index booking_line_waiting on booking (slot, position) where state = 'waiting';

create table form_try (
    id bigserial primary key,
    key bytea not null,
    at timestamptz not null
);
create index form_try_key on form_try (key, at);
create index form_try_at on form_try (at);
"""


async def forwards() -> MigrationManager:
    """Change the tables, as campaigns/tables/events.py says them."""
    manager = MigrationManager(migration_id=ID, app_name="campaigns", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
