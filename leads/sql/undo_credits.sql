-- What the decisions on interests did to the fairness ledger, turned round. Grain: one row per pool and store. $1 interests.
-- A pool of one owes nobody and has no ledger.
select receipt.pool_key, (share ->> 'store')::int as store,
       sum((share ->> 'credit_before')::bigint - (share ->> 'credit_after')::bigint)::bigint as move
from receipt
cross join lateral jsonb_array_elements(receipt.pool) as share
where receipt.interest = any($1::uuid[]) and receipt.pool_key is not null and jsonb_array_length(receipt.pool) > 1
group by receipt.pool_key, store
order by receipt.pool_key, store;
