-- The person behind an offer as known today. Grain: one row. $1 offer.
select coalesce(person.merged_into, person.id)
from offer
join interest on interest.id = offer.interest
join lead on lead.id = interest.lead
join person on person.id = lead.person
where offer.id = $1;
