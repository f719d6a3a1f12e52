-- The offers of interests, those they joined too, oldest first. Grain: one row per interest and offer. $1 interests.
select offer.id, mine.interest, mine.joined, store.code as store, store.name_zh as store_name, offer.state, mine.basis, offer.receipt,
       greatest(offer.offered_at, mine.at) as offered_at, offer.answer_due_at, offer.expires_at, offer.accepted_at, offer.ended_at,
       offer.reason, offer.note
from (
    select id as offer, interest, false as joined, basis, offered_at as at from offer where interest = any($1::uuid[])
    union all
    select offer, interest, true, basis, at from joined_offer where interest = any($1::uuid[])
) as mine
join offer on offer.id = mine.offer
join store on store.id = offer.store
order by mine.at, offer.ended_at nulls last, offer.id
