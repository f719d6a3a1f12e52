"""The promises of crm that Piccolo has no words for: ranges that exclude each other, one open link, closed sets, and the indexes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T14:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "promises and indexes"

PROMISES = """
create extension if not exists btree_gist;

alter table party add constraint party_kind check (kind in ('operator', 'maker', 'dealer', 'processor'));
alter table arrangement add constraint arrangement_role check (role in ('joint', 'provides', 'entrusts'));
alter table region add constraint region_level check (level in ('province', 'city', 'district'));

alter table store add constraint store_kind check (kind in ('experience_centre', 'user_centre', 'flagship'));
alter table store add constraint store_counts check (daily_capacity >= 0 and weight >= 1);
alter table store_operator add constraint one_operator_at_a_time
    exclude using gist (store with =, daterange(valid_from_on, valid_until_on) with &&);
alter table franchise add constraint one_franchise_at_a_time
    exclude using gist (store with =, brand with =, daterange(valid_from_on, valid_until_on) with &&);
alter table store_capability add constraint store_capability_once unique (store, capability);
alter table store_capability add constraint store_capability_known
    check (capability in ('sales', 'test_drive', 'delivery', 'service'));
alter table store_day add constraint store_day_once unique (store, on_date);
alter table store_day add constraint store_day_counts check (offered >= 0);
alter table store_credit add constraint store_credit_once unique (pool_key, store);

alter table person add constraint person_status check (status in ('active', 'provisional', 'merged'));
alter table person add constraint merged_persons_point_on check ((status = 'merged') = (merged_into is not null));
create index person_merged_into on person (merged_into) where merged_into is not null;
create index observation_source on observation (source, external_id);
create index observation_import on observation (import_id) where import_id is not null;
create unique index link_open_once on link (observation) where closed_at is null;
create index link_person on link (person) where closed_at is null;
create index link_observation on link (observation);
create index decision_observation on decision (observation);
create index decision_person on decision (person);
create index identity_key_match on identity_key (match_key, id);
create index hub_value_kind on hub_value (kind, noted_at);
create index identity_key_observation on identity_key (observation);
create index review_task_open on review_task (opened_at) where closed_at is null;
create index review_task_person on review_task (person);
create index review_task_observation on review_task (observation);
alter table no_merge add constraint no_merge_ordered check (person < other);
alter table no_merge add constraint no_merge_once unique (person, other);
create index no_merge_other on no_merge (other);
create unique index merge_in_force_once on merge (loser) where undone_at is null;
create index merge_survivor on merge (survivor);
create index merged_link_merge on merged_link (merge);
alter table ownership add constraint ownership_once unique (vehicle, person, source);
create index ownership_person on ownership (person);

alter table notice_version add constraint notice_version_once unique (notice, version, language);
alter table consent add constraint consent_purpose
    check (purpose in ('alliance_marketing', 'share_with_brand', 'share_with_dealer'));
alter table consent add constraint consent_state check (state in ('given', 'withdrawn'));
alter table consent add constraint consent_kind check (kind in ('general', 'separate', 'requested', 'guardian'));
create index consent_person on consent (person, purpose, brand);
create index consent_observation on consent (observation);
create index sharing_entry_person on sharing_entry (person, at);
create index sharing_entry_offer on sharing_entry (offer);

alter table api_key add constraint api_key_principal check (principal_kind in ('source', 'dealer'));
create index api_key_principal_of on api_key (principal_kind, principal);
alter table idempotency add constraint idempotency_once unique (principal_kind, principal, route, key);
create index idempotency_forget on idempotency (forget_at);

create index history_entry_subject on history_entry (subject_kind, subject, at);
create index change_order on change (xid, id);

create function append_only() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger consent_append_only before update or delete on consent for each row execute function append_only();
create trigger history_append_only before update or delete on history_entry for each row execute function append_only();
create trigger observation_append_only before update on observation for each row execute function append_only();
"""


async def forwards() -> MigrationManager:
    """Add the promises to the tables."""
    manager = MigrationManager(migration_id=ID, app_name="crm", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
