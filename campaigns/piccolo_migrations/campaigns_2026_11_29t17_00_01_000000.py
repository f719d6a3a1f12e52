"""Channels, slots, registrations and bookings: what joint campaigns plan and who comes to them."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T17:00:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "channels, slots, registrations, bookings"

# A row that one held can be confirmed, offered, waiting or cancelled, and only who waits or waited has a position: no two the same.
PROMISES = """
alter table touchpoint_kind add column registers boolean not null default false;
update touchpoint_kind set registers = true;
alter table touchpoint add column channel integer;
alter table campaign add column region varchar(6) references region (code) on delete restrict;
alter table campaign add column lead_rule jsonb;

create table channel (
    id serial primary key,
    campaign integer not null references campaign (id) on delete restrict,
    code varchar(40) not null,
    name varchar(120) not null,
    medium varchar(20) not null
        check (medium in ('booth', 'email', 'sms', 'social', 'search', 'display', 'poster', 'web', 'partner', 'other')),
    slug varchar(20) not null unique,
    created_at timestamptz not null,
    closed_at timestamptz,
    unique (campaign, code)
);

alter table event add column starts_at timestamptz, add column ends_at timestamptz, add column venue varchar(200),
    add column address varchar(200), add column region varchar(6) references region (code) on delete restrict,
    add column capacity integer check (capacity >= 0), add column taken integer not null default 0,
    add column waited integer not null default 0, add column offer_minutes integer check (offer_minutes > 0),
    add column is_open boolean not null default false, add column version integer not null default 1;
alter table event add constraint event_not_overbooked check (taken >= 0 and taken <= capacity);
alter table event add constraint event_ends_after_start check (ends_at > starts_at);

create table slot (
    id serial primary key,
    event integer not null references event (id) on delete restrict,
    kind varchar(20) not null check (kind in ('session', 'test_drive')),
    name varchar(120),
    brand integer references brand (id) on delete restrict,
    model integer references model (id) on delete restrict,
    starts_at timestamptz not null,
    minutes integer not null check (minutes between 1 and 1440),
    places integer not null check (places between 0 and 100000),
    taken integer not null default 0,
    waited integer not null default 0,
    closed_at timestamptz,
    version integer not null default 1,
    constraint slot_not_overbooked check (taken >= 0 and taken <= places)
);
create index slot_event on slot (event, starts_at, id);

create table registration (
    id uuid primary key,
    event integer not null references event (id) on delete restrict,
    campaign integer not null references campaign (id) on delete restrict,
    observation uuid not null references observation (id) on delete restrict,
    person uuid not null,
    source integer not null references source (id) on delete restrict,
    external_id varchar(120) not null,
    body_hash bytea not null,
    channel integer references channel (id) on delete restrict,
    language varchar(12) not null,
    sealed bytea not null,
    state varchar(12) not null check (state in ('confirmed', 'waiting', 'offered', 'cancelled')),
    position bigint,
    offer_until timestamptz,
    registered_at timestamptz not null,
    confirmed_at timestamptz,
    cancelled_at timestamptz,
    attended_at timestamptz,
    lead uuid,
    leads_due_at timestamptz,
    attempts smallint not null default 0,
    version integer not null default 1,
    unique (source, external_id),
    constraint registration_waits_in_line check (state <> 'waiting' or position is not null),
    constraint registration_offer_ends check ((state = 'offered') = (offer_until is not null))
);
create index registration_event on registration (event, registered_at desc, id desc);
create index registration_campaign on registration (campaign, registered_at desc, id desc);
create index registration_observation on registration (observation);
create index registration_person on registration (person);
create unique index registration_line on registration (event, position);
create index registration_offered on registration (offer_until) where state = 'offered';
create index registration_leads_due on registration (leads_due_at) where leads_due_at is not null;

create table registration_wish (
    id uuid primary key,
    registration uuid not null references registration (id) on delete cascade,
    rank smallint not null,
    brand integer not null references brand (id) on delete restrict,
    model integer references model (id) on delete restrict,
    unique (registration, rank)
);
create index registration_wish_brand on registration_wish (brand, registration);

create table booking (
    id uuid primary key,
    slot integer not null references slot (id) on delete restrict,
    registration uuid not null references registration (id) on delete restrict,
    source integer not null references source (id) on delete restrict,
    external_id varchar(120) not null,
    state varchar(12) not null check (state in ('confirmed', 'waiting', 'offered', 'cancelled')),
    position bigint,
    offer_until timestamptz,
    booked_at timestamptz not null,
    confirmed_at timestamptz,
    cancelled_at timestamptz,
    done_at timestamptz,
    version integer not null default 1,
    unique (source, external_id),
    constraint booking_waits_in_line check (state <> 'waiting' or position is not null),
    constraint booking_offer_ends check ((state = 'offered') = (offer_until is not null))
);
create unique index booking_line on booking (slot, position);
create unique index booking_once on booking (slot, registration) where state <> 'cancelled';
create index booking_registration on booking (registration);
create index booking_offered on booking (offer_until) where state = 'offered';

create table guest_message (
    id uuid primary key,
    registration uuid not null references registration (id) on delete restrict,
    booking uuid references booking (id) on delete restrict,
    kind varchar(20) not null check (kind in ('confirmed', 'waiting', 'offered', 'changed', 'cancelled', 'reminder', 'lapsed')),
    due_at timestamptz,
    told_at timestamptz,
    attempts smallint not null default 0
);
create index guest_message_due on guest_message (due_at) where due_at is not null;
create index guest_message_registration on guest_message (registration);
"""


async def forwards() -> MigrationManager:
    """Make the tables, as campaigns/tables says them."""
    manager = MigrationManager(migration_id=ID, app_name="campaigns", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
