-- Touchpoints in force of given observations. Grain: one row per touchpoint. $1 observations.
select id, person, observation, kind, campaign, event, booth, brand, at, recorded_at, retracted_at
from touchpoint
where observation = any($1::uuid[]) and retracted_at is null
order by id;
