-- Moves of the fairness ledger, added to what stands there. Grain: one row per pool and store, in that order, so that two writers
-- never wait for each other in a circle. $1 pool keys, $2 stores, $3 moves, in parallel.
insert into store_credit (pool_key, store, credit)
select * from unnest($1::bytea[], $2::int[], $3::bigint[]) as move (pool_key, store, credit) order by pool_key, store
on conflict (pool_key, store) do update set credit = store_credit.credit + excluded.credit;
