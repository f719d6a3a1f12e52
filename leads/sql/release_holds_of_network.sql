-- Interests that wait for a store, or for people because there was none, due again now that the network is newer than the one last seen. Grain: one row per interest. $1 now.
-- The caller holds the network's lock: a row that is locked all the same belongs to a worker that has not read the network yet.
with seen as (
    insert into change_reader (name, xid, change) select 'leads.network', 0, max(id) from network_version
    on conflict (name) do update set change = excluded.change
)
update interest set due_at = $1
where id in (
    select id from interest
    -- A consent that routing misses is one for other stores: the one that was asked for may take it now.
    where hold in ('no_franchise', 'no_capacity') or (hold = 'no_consent' and stage = 'cleared') or stage = 'alliance_queue'
    for update skip locked
)
returning id
