-- The offers of these observations' leads, locked against answers and expiry. Grain: one row per offer. $1 observations.
select offer.id, offer.store, offer.state, offer.offered_at, lead.observation
from lead
join interest on interest.lead = lead.id
join offer on offer.interest = interest.id
where lead.observation = any($1::uuid[])
order by offer.id
for update of offer;
