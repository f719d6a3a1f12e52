-- What pools stood at before a moment: the shares of the last receipt before it. Grain: one row per pool that was decided before.
-- $1 pool keys, $2 and $3 the moment and id of the receipt before which.
select given.pool_key, last.pool
from unnest($1::bytea[]) as given (pool_key)
cross join lateral (
    select receipt.pool from receipt
    where receipt.pool_key = given.pool_key and (receipt.decided_at, receipt.id) < ($2, $3::uuid)
    order by receipt.decided_at desc, receipt.id desc
    limit 1
) as last
