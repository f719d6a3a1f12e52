-- The interests of these observations' leads that nobody else is working on, locked. Grain: one row per interest. $1 observations.
-- SKIP LOCKED: a worker that holds one waits for the people's locks, which we have.
select interest.id, lead.observation
from lead join interest on interest.lead = lead.id
where lead.observation = any($1::uuid[])
for update of interest skip locked;
