-- What milestones name. Grain: one row per fact told, but for leads of test sources, which never count.
-- $1 kinds, $2 offers, $3 interests, $4 values in fen, side by side.
select told.kind, told.value_fen, lead.person, lead.id as lead, interest.id as interest, lead.campaign, offer.brand, offer.store
from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bigint[]) as told (kind, offer, interest, value_fen)
join offer on offer.id = told.offer
join interest on interest.id = told.interest
join lead on lead.id = interest.lead
join source on source.id = lead.source and not source.test;
