-- Locks those offers that still wait for an answer. Grain: one row per offer. $1 offers, $2 now.
select * from offer where id = any($1::uuid[]) and state = 'offered' and expires_at > $2 order by id for update;
