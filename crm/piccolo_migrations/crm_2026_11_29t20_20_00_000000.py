"""Two living keys of whoever calls at most, from where each may be used, and how often: counted by windows."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T20:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "two keys, their networks and limits, counted uses"

# Who made a key stands in the history since there is one. Of keys that were made before, the two newest living ones of a principal get the
# two places; older ones keep opening until they are revoked.
# key_use is unlogged and refers to no key by a constraint: `before` is what stood there before the last who
# came together. A count is worth no write to the log, and checking the reference would lock
# the key's row by one. Half of each page is left free, so that counting up stays within the page.
PROMISES = """
alter table api_key add column created_by varchar(80);
update api_key set created_by = actor
from history_entry left join source on source.code = subject left join dealer on dealer.code = subject
where action = 'key_made' and subject_kind = principal_kind and history_entry.at = api_key.created_at
      and principal = case principal_kind when 'source' then source.id else dealer.id end;

alter table api_key add column slot smallint;
alter table api_key add column allowed_from cidr[];
alter table api_key add column limit_requests integer;
alter table api_key add column limit_seconds integer;
update api_key set slot = place
from (
    select id, row_number() over (partition by principal_kind, principal order by id desc) as place
    from api_key where revoked_at is null and (expires_at is null or expires_at > now())
) as newest
where newest.id = api_key.id and place <= 2;
alter table api_key add constraint api_key_slot check (slot in (1, 2));
create unique index api_key_two_living on api_key (principal_kind, principal, slot) where revoked_at is null;
alter table api_key add constraint api_key_networks check (cardinality(allowed_from) between 1 and 50);
alter table api_key add constraint api_key_limit_whole check ((limit_requests is null) = (limit_seconds is null));
alter table api_key add constraint api_key_limit
    check (limit_requests between 1 and 10000000 and limit_seconds between 1 and 3600);

create unlogged table key_use (
    key integer not null,
    began_at timestamptz not null,
    ends_at timestamptz not null,
    before integer not null,
    requests integer not null,
    most integer not null,
    primary key (key, began_at),
    constraint key_use_within check (before between 0 and requests and requests between 1 and most),
    constraint key_use_window check (began_at < ends_at)
) with (fillfactor = 50);
"""


async def forwards() -> MigrationManager:
    """Put them in place."""
    manager = MigrationManager(migration_id=ID, app_name="crm", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
