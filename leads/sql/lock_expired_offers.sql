-- Locks offers whose time is up. Grain: one row per offer, oldest first. $1 now, $2 limit.
-- SKIP LOCKED: several workers share the work, and an answer that came in at the last moment is not waited for.
select id, dealer from offer where state = 'offered' and expires_at <= $1
order by expires_at, id
limit $2
for update skip locked;
