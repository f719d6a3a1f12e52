-- Stores that already refused these interests or let them expire, in an offer of their own or in one that they had joined.
-- Grain: one row per interest and ended offer. $1 interests.
select interest, store from offer where interest = any($1::uuid[]) and state in ('refused', 'expired')
union all
select joined_offer.interest, offer.store
from joined_offer join offer on offer.id = joined_offer.offer
where joined_offer.interest = any($1::uuid[]) and offer.state in ('refused', 'expired');
