-- Interests that wait for a store, due again when the network is newer than the one last seen. Grain: one row per interest. $1 now.
-- Nothing is written, not even a lock, while nothing changed: the worker asks twice a second.
with newest as (
    select max(id) as version from network_version
), seen as (
    insert into change_reader (name, xid, change)
    select 'leads.network', 0, version from newest
    where version > coalesce((select change from change_reader where name = 'leads.network'), 0)
    on conflict (name) do update set change = excluded.change
    returning change
)
update interest set due_at = $1
where hold in ('no_franchise', 'no_capacity') and exists (select from seen)
returning id
