-- Decisions in which several stores competed, with what was asked for and what came of it. Grain: one row per receipt, latest first.
-- $1 until, $2 smallest pool, $3 largest pool, $4 limit. Sealed values stay closed.
select
    receipt.id,
    receipt.tier,
    receipt.winner,
    receipt.pool,
    receipt.others,
    receipt.refused,
    receipt.basis,
    receipt.network_version,
    receipt.decided_at,
    routing_policy.version as policy_version,
    brand.code as brand,
    model.code as model,
    interest_kind.name_zh as kind_zh,
    interest_kind.name_en as kind_en,
    observation.id as observation,
    observation.particulars,
    concat(case when parent.level = 'city' or region.level = 'district' then parent.name_zh end, region.name_zh) as place,
    offer.state,
    offer.offered_at,
    offer.accepted_at
from receipt
join routing_policy on routing_policy.id = receipt.policy
join interest on interest.id = receipt.interest
join interest_kind on interest_kind.code = interest.kind
join brand on brand.id = interest.brand
join lead on lead.id = interest.lead
join observation on observation.id = lead.observation
join offer on offer.receipt = receipt.id
left join model on model.id = interest.model
left join region on region.code = lead.region
left join region as parent on parent.code = region.parent
where
    receipt.outcome = 'offered'
    and receipt.decided_at < $1
    and jsonb_array_length(receipt.pool) between $2 and $3
    and offer.state <> 'withdrawn'
order by receipt.decided_at desc, receipt.id
limit $4;
