-- The interests of a lead with their offers as JSON, oldest first. Grain: one row per interest. $1 lead.
select interest.id, brand.code as brand, model.code as model, interest.kind, interest.stage, interest.hold, interest.due_at,
       (
           select json_agg(json_build_object(
               'id', offer.id, 'store', store.code, 'store_name', store.name_zh, 'state', offer.state, 'offered_at', offer.offered_at,
               'answer_due_at', offer.answer_due_at, 'expires_at', offer.expires_at, 'reason', offer.reason
           ) order by offer.offered_at)
           from offer join store on store.id = offer.store
           where offer.interest = interest.id or offer.id = interest.joined
       )::text as offers
from interest
left join brand on brand.id = interest.brand
left join model on model.id = interest.model
where interest.lead = $1
order by interest.rank, interest.id
