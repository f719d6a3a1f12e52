"""Audiences, templates, mailings and their messages, and the contact budget of the whole alliance."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T17:30:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "audiences, mailings, contact budget"

# A sender invites a person once per campaign, channel and round, whatever mailings overlap. A message that is being sent has a lease.
PROMISES = """
create table audience (
    id serial primary key,
    brand integer references brand (id) on delete restrict,
    name varchar(120) not null,
    filter jsonb not null,
    created_by integer not null references staff (id) on delete restrict,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    closed_at timestamptz,
    version integer not null default 1
);

create table message_template (
    id serial primary key,
    brand integer references brand (id) on delete restrict,
    name varchar(120) not null,
    channel varchar(10) not null check (channel in ('email', 'sms')),
    texts jsonb not null,
    approval varchar(10) not null default 'draft' check (approval in ('draft', 'submitted', 'approved', 'refused')),
    approval_reference varchar(80),
    approval_reason varchar(200),
    created_by integer not null references staff (id) on delete restrict,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    closed_at timestamptz,
    version integer not null default 1
);

create table mailing (
    id uuid primary key,
    campaign integer not null references campaign (id) on delete restrict,
    brand integer references brand (id) on delete restrict,
    name varchar(120) not null,
    channel varchar(10) not null check (channel in ('email', 'sms')),
    round smallint not null default 1 check (round between 1 and 9),
    priority smallint not null,
    audience integer not null references audience (id) on delete restrict,
    template integer references message_template (id) on delete restrict,
    event integer references event (id) on delete restrict,
    way integer references channel (id) on delete restrict,
    filter jsonb,
    texts jsonb,
    language varchar(12) not null,
    state varchar(10) not null default 'draft'
        check (state in ('draft', 'planned', 'running', 'paused', 'held', 'done', 'cancelled')),
    due_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    created_by integer not null references staff (id) on delete restrict,
    created_at timestamptz not null,
    version integer not null default 1,
    constraint mailing_planned_is_due check (state <> 'planned' or due_at is not null),
    constraint mailing_under_way_has_words check (state <> 'running' or (texts is not null and started_at is not null))
);
create index mailing_campaign on mailing (campaign, created_at desc);
create index mailing_planned on mailing (due_at) where state = 'planned';
create index mailing_running on mailing (priority desc) where state = 'running';

create table message (
    id uuid primary key,
    kind varchar(14) not null check (kind in ('service', 'transactional', 'joint', 'brand')),
    priority smallint not null,
    mailing uuid references mailing (id) on delete restrict,
    guest_message uuid unique references guest_message (id) on delete restrict,
    campaign integer references campaign (id) on delete restrict,
    sender integer not null default 0,
    round smallint not null default 1,
    channel varchar(10) not null check (channel in ('email', 'sms')),
    person uuid not null,
    language varchar(12) not null,
    state varchar(10) not null default 'queued'
        check (state in ('queued', 'sending', 'sent', 'delivered', 'bounced', 'failed', 'suppressed')),
    reason varchar(20),
    detail jsonb,
    due_at timestamptz not null,
    next_at timestamptz,
    claimed_until timestamptz,
    claimed_by uuid,
    attempts smallint not null default 0,
    brands integer[] not null default '{}',
    address_key bytea,
    gateway_id varchar(120),
    sent_at timestamptz,
    ended_at timestamptz,
    opened_at timestamptz,
    clicked_at timestamptz,
    constraint message_has_a_cause check ((mailing is null) <> (guest_message is null)),
    constraint message_lease check ((state = 'sending') = (claimed_until is not null)),
    constraint message_says_why check (state <> 'suppressed' or reason is not null)
);
create unique index message_once on message (campaign, sender, person, channel, round) where mailing is not null;
create index message_due on message (mailing, due_at, id) where state = 'queued';
create index message_due_guests on message (due_at, id) where state = 'queued' and mailing is null;
create index message_leased on message (claimed_until) where state = 'sending';
create index message_person_queued on message (person) where state in ('queued', 'sending');
create index message_mailing on message (mailing, state, reason);
create index message_address on message (address_key) where address_key is not null;
create index message_gateway on message (gateway_id) where gateway_id is not null;

create table contact_use (
    id uuid primary key,
    person uuid not null,
    kind varchar(14) not null,
    brand integer,
    channel varchar(10) not null,
    message uuid not null unique,
    reserved_at timestamptz not null,
    sent_at timestamptz
);
create index contact_use_person on contact_use (person, sent_at);

create table contact_rule (
    id smallint primary key check (id = 1),
    budget smallint not null check (budget between 0 and 100),
    days smallint not null check (days between 1 and 366),
    opens time not null,
    closes time not null,
    zone varchar(40) not null,
    spares_owners boolean not null,
    segments smallint not null check (segments between 1 and 10),
    signature_zh varchar(20) not null,
    signature_en varchar(20) not null,
    version integer not null default 1,
    constraint contact_rule_opens check (opens <> closes)
);
insert into contact_rule (id, budget, days, opens, closes, zone, spares_owners, segments, signature_zh, signature_en)
values (1, 2, 7, '08:00', '21:00', 'Asia/Shanghai', true, 3, '联合品牌', 'Auto alliance');

create table contact_stop (
    id serial primary key,
    channel varchar(10) not null,
    address_key bytea not null,
    reason varchar(12) not null check (reason in ('bounced', 'stopped')),
    at timestamptz not null,
    unique (channel, address_key)
);

create table sender_pulse (id smallint primary key check (id = 1), at timestamptz not null);

create table sent_sample (
    id uuid primary key,
    message uuid not null,
    channel varchar(10) not null,
    kind varchar(14) not null,
    letter bytea not null,
    at timestamptz not null
);
create index sent_sample_at on sent_sample (at desc, id desc);

create table hook_call (id bytea primary key, at timestamptz not null);
"""


async def forwards() -> MigrationManager:
    """Make the tables, as campaigns/tables says them."""
    manager = MigrationManager(migration_id=ID, app_name="campaigns", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
