-- Locks the offers that dealers have in hand for a lead's own interests. Grain: one row per offer. $1 lead.
select offer.id, offer.interest, offer.dealer
from offer
join interest on interest.id = offer.interest
where interest.lead = $1 and offer.state in ('offered', 'accepted')
order by offer.id
for update of offer;
