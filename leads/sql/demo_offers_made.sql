-- Offers made at one moment and still open, as the demo's dealers need them. Grain: one row per offer. $1 moment.
select offer.id, dealer.id as dealer, dealer.code, offer.offered_at, offer.expires_at, offer.brand
from offer
join dealer on dealer.id = offer.dealer
join interest on interest.id = offer.interest
join lead on lead.id = interest.lead
where offer.offered_at = $1 and offer.state = 'offered'
order by lead.captured_at, interest.rank, offer.brand;
