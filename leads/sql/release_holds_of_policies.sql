-- Interests that wait for a store, or for people because there was none, due again where their brand follows another policy since a moment.
-- Grain: one row per interest. $1 now, $2 since when, in microseconds.
-- The caller holds the deciders' lock: a row that is locked all the same belongs to a worker that has not read the policy yet.
update interest set due_at = $1
where id in (
    select id from interest
    where (hold = 'no_capacity' or (hold = 'no_consent' and stage = 'cleared') or stage = 'alliance_queue')
          and brand in (
              select brand from routing_policy
              where active_from <= $1 and (active_until is null or active_until > $1)
                    and (extract(epoch from active_from) * 1000000)::bigint > $2
          )
    for update skip locked
)
returning id
