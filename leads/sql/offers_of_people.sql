-- Offers that dealers have in hand of these people, but for orders. Grain: one row per offer. $1 persons of any time.
select distinct offer.id as offer, survivor.id as person, offer.brand, offer.store, interest.kind, interest.preferred_store
from person as told
cross join lateral (select coalesce(told.merged_into, told.id) as id) as survivor
cross join lateral (
    select survivor.id union all select person.id from person where person.merged_into = survivor.id
) as known_as
join lead on lead.person = known_as.id
join interest on interest.lead = lead.id
join offer on offer.interest = interest.id
where told.id = any($1) and offer.state in ('offered', 'accepted') and interest.stage not in ('order', 'delivered')
