-- Offers that wait for an answer, of people as they are known today. Grain: one row per offer, oldest first. $1 survivors,
-- $2 brands, side by side, $3 now. (One `or` over id and merged_into would read every person.)
select asked.person, asked.brand, offer.id as offer, offer.store
from unnest($1::uuid[], $2::int[]) as asked (person, brand)
cross join lateral (
    select asked.person as id union all select person.id from person where person.merged_into = asked.person
) as known_as
join lead on lead.person = known_as.id
join interest on interest.lead = lead.id
join offer on offer.interest = interest.id and offer.brand = asked.brand
where offer.state = 'offered' and offer.expires_at > $3
order by offer.offered_at, offer.id;
