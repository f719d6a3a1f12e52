-- Stores that already refused these interests, let them expire, or lost them before somebody of ours reopened them; in an offer of their own
-- or in one that they had joined.
-- Grain: one row per interest and ended offer. $1 interests.
select interest, store from offer
where interest = any($1::uuid[]) and (state in ('refused', 'expired') or state = 'withdrawn' and reason = 'reopened')
union all
select joined_offer.interest, offer.store
from joined_offer join offer on offer.id = joined_offer.offer
where joined_offer.interest = any($1::uuid[]) and (offer.state in ('refused', 'expired') or offer.state = 'withdrawn' and offer.reason = 'reopened');
