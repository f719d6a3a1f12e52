-- The capacity counters of stores on a day, locked in the order of stores until the transaction ends.
-- Grain: one row per store. $1 stores, $2 day. Missing counters are made first, in the same order, by another statement.
select store, offered from store_day where on_date = $2 and store = any($1::int[]) order by store for update;
