"""The promises of leads that Piccolo has no words for: one submission per name, one open offer per interest, a gapless feed, queues."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T14:30:02:000000"
VERSION = "1.38.0"
DESCRIPTION = "promises and indexes"

PROMISES = """
alter table submission add constraint submission_once unique (source, external_id);
create index submission_lead on submission (lead);
create index raw_payload_submission on raw_payload (submission);
create index raw_payload_purge on raw_payload (purge_after);

create index lead_person on lead (person);
create index lead_observation on lead (observation);
create index lead_captured on lead (captured_at);
create index interest_lead on interest (lead);
create index interest_due on interest (due_at, id) where due_at is not null;
create index interest_hold on interest (hold) where hold is not null;
create index interest_joined on interest (joined) where joined is not null;
create index import_row_import on import_row (import_id, fate);
alter table import_row add constraint import_row_fate check (fate in ('created', 'repeat', 'error'));
create index import_row_observation on import_row (observation);

alter table routing_policy add constraint routing_policy_once unique (brand, version);
create extension if not exists btree_gist;
alter table routing_policy add constraint one_policy_at_a_time
    exclude using gist (brand with =, tstzrange(active_from, active_until) with &&);
create index receipt_interest on receipt (interest, decided_at);

alter table offer add constraint offer_state check (state in ('offered', 'accepted', 'refused', 'expired', 'withdrawn'));
alter table offer add constraint offer_times check (offered_at <= answer_due_at and answer_due_at <= expires_at);
alter table offer add constraint offer_ended_has_end
    check ((state in ('refused', 'expired', 'withdrawn')) = (ended_at is not null));
create unique index offer_open_once on offer (interest) where state in ('offered', 'accepted');
create index offer_interest on offer (interest);
create index offer_expiry on offer (expires_at) where state = 'offered';
create index offer_dealer on offer (dealer, state);
create index offer_receipt on offer (receipt);
alter table joined_offer add constraint joined_offer_once unique (interest, offer);
create index joined_offer_offer on joined_offer (offer);
alter table offer_event add constraint offer_event_gapless unique (dealer, seq);
create index offer_event_offer on offer_event (offer);
create unique index disposition_reference on disposition (offer, reference) where reference is not null;
create index disposition_offer on disposition (offer, at);
alter table disposition add constraint disposition_value check (value_fen >= 0);
create unique index alliance_task_open on alliance_task (interest) where closed_at is null;

create trigger receipt_append_only before update or delete on receipt for each row execute function append_only();
create trigger joined_offer_append_only before update or delete on joined_offer for each row execute function append_only();
create trigger offer_event_append_only before update or delete on offer_event for each row execute function append_only();
"""


async def forwards() -> MigrationManager:
    """Add the promises to the tables."""
    manager = MigrationManager(migration_id=ID, app_name="leads", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
