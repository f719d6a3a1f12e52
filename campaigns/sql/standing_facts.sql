-- All milestones in force of given interests. Grain: one row per interest and kind. $1 interests.
select id, person, lead, interest, kind, campaign, brand, store, value_fen, at, recorded_at, retracted_at
from milestone
where interest = any($1::uuid[]) and retracted_at is null
order by id;
