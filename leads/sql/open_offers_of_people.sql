-- Offers that wait for an answer, of people as they are known today. Grain: one row per person and brand. $1 survivors, $2 brands,
-- side by side, $3 now. The oldest offer speaks for them all. (One `or` over id and merged_into would read every person.)
select distinct on (asked.person, asked.brand) asked.person, asked.brand, offer.id as offer
from unnest($1::uuid[], $2::int[]) as asked (person, brand)
cross join lateral (
    select asked.person as id union all select person.id from person where person.merged_into = asked.person
) as known_as
join lead on lead.person = known_as.id
join interest on interest.lead = lead.id
join offer on offer.interest = interest.id and offer.brand = asked.brand
where offer.state = 'offered' and offer.expires_at > $3
order by asked.person, asked.brand, offer.offered_at, offer.id;
