"""Guests who become leads of several brands: which of their wishes has its turn."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T17:40:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "fan-out of registrations"

# Whatever loses or sells an interest, the guest's other brands hear of it: no path of ours can forget to say so.
PROMISES = """
create table fan_out (
    lead uuid primary key references lead (id) on delete cascade,
    registration uuid not null references registration (id) on delete restrict,
    width smallint not null check (width > 0),
    goes_on boolean not null,
    due_at timestamptz,
    attempts smallint not null default 0,
    closed_at timestamptz
);
create unique index fan_out_registration on fan_out (registration);
create index fan_out_due on fan_out (due_at) where due_at is not null;

create table fan_out_wish (
    id uuid primary key,
    lead uuid not null references lead (id) on delete cascade,
    rank smallint not null,
    brand integer not null references brand (id) on delete restrict,
    model integer references model (id) on delete restrict,
    kind varchar(20) not null,
    interest uuid references interest (id) on delete set null,
    unique (lead, brand, rank)
);
create index fan_out_wish_interest on fan_out_wish (interest);

create function fan_out_is_due() returns trigger language plpgsql as $$
begin
    update fan_out set due_at = '-infinity', attempts = 0 where lead = new.lead and closed_at is null;
    return null;
end $$;
create trigger interest_ends_for_fan_out after update of stage on interest
    for each row when (new.stage is distinct from old.stage and new.stage in ('lost', 'order', 'delivered'))
    execute function fan_out_is_due();
"""


async def forwards() -> MigrationManager:
    """Make the tables and the trigger."""
    manager = MigrationManager(migration_id=ID, app_name="leads", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
