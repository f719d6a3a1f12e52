-- When stores were offered something, of any brand. Grain: one row per offer, oldest first. $1 stores, $2 since, $3 until.
select store, offered_at from offer
where store = any($1::int[]) and offered_at >= $2 and offered_at <= $3
order by offered_at, id
