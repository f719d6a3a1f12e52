-- Stores that already refused these interests or let them expire, in an offer of their own or in one that they had joined.
-- Grain: one row per interest and ended offer. $1 interests.
select interest, store from offer where interest = any($1::uuid[]) and state in ('refused', 'expired')
union all
select interest.id, offer.store
from interest join offer on offer.id = interest.joined
where interest.id = any($1::uuid[]) and offer.state in ('refused', 'expired');
