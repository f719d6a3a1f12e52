-- Offers that dealers have in hand of these people, but for orders. Grain: one row per offer. $1 persons of any time.
select distinct offer.id as offer, coalesce(one_of.merged_into, one_of.id) as person, offer.brand, interest.kind, interest.preferred_store
from person as told
join person as one_of on one_of.id = coalesce(told.merged_into, told.id) or one_of.merged_into = coalesce(told.merged_into, told.id)
join lead on lead.person = one_of.id
join interest on interest.lead = lead.id
join offer on offer.interest = interest.id
where told.id = any($1) and offer.state in ('offered', 'accepted') and interest.stage not in ('order', 'delivered')
