-- The interests of a lead that may be seen. Grain: one row per interest, in the order of the wishes. $1 lead, then the scope's values.
select interest.id, interest.brand, model.code as model, interest.kind, interest.stage, interest.hold, store.code as preferred_store,
       interest.due_at
from interest
left join model on model.id = interest.model
left join store on store.id = interest.preferred_store
where interest.lead = $1 and {}
order by interest.rank, interest.id
