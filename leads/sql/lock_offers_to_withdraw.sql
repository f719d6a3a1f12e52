-- Locks those offers that a dealer has in hand. Grain: one row per offer. $1 offers.
select id, dealer from offer where id = any($1::uuid[]) and state in ('offered', 'accepted') order by id for update;
