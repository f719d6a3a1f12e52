"""What a store's own desk stands on: each part of it is one index, in the order in which it is worked on, and counted there alone."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T18:51:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "a store's desk counted in an index"

# Measured 2026-11-22 for a dealer with 33,444 offers among a million: to read the last word on each of them took 398 ms per page.
# What is over and what is in hand share no offer; desk.py says the same words, or the planner would not know these indexes again.
PROMISES = """
update offer
set said = last.kind,
    call_due_at = case when last.kind is null then offer.accepted_at + (offer.answer_due_at - offer.offered_at) else last.next_follow_up_at end
from offer as taken
left join lateral (
    select disposition.kind, disposition.next_follow_up_at from disposition where disposition.offer = taken.id
    order by disposition.at desc, disposition.recorded_at desc, disposition.id desc limit 1
) as last on true
where taken.id = offer.id and offer.accepted_at is not null;
alter table offer add constraint offer_called_when_taken
    check (accepted_at is not null or (said is null and call_due_at is null));
create index offer_desk_open on offer (dealer, answer_due_at, id) include (store, expires_at) where state = 'offered';
create index offer_desk_in_hand on offer (dealer, call_due_at, accepted_at desc, id) include (store)
    where state = 'accepted' and (said is null or said not in ('lost', 'invalid', 'delivered'));
create index offer_desk_over on offer (dealer, coalesce(ended_at, accepted_at) desc, id desc) include (store)
    where state in ('refused', 'expired', 'withdrawn') or (state = 'accepted' and said in ('lost', 'invalid', 'delivered'));
drop index offer_dealer;
create index offer_dealer on offer (dealer, offered_at desc) include (store, state, accepted_at, ended_at);
"""


async def forwards() -> MigrationManager:
    """Say of every offer what was said last of it, and add the indexes."""
    manager = MigrationManager(migration_id=ID, app_name="leads", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        await current().execute(PROMISES)

    manager.add_raw(keep)
    return manager
