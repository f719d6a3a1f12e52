-- The receipts that an id speaks of: its own, those of an interest, or those of all interests of a lead.
-- Grain: one row per receipt, in the order of decisions. $1 id.
select receipt.id, receipt.interest, receipt.outcome, receipt.tier, receipt.winner, receipt.inputs, receipt.pool,
       receipt.others, receipt.refused, receipt.basis, receipt.decided_at, receipt.network_version,
       policy.version as policy_version, brand.code as brand_code, brand.name_zh as brand_name
from receipt
join routing_policy as policy on policy.id = receipt.policy
join brand on brand.id = policy.brand
where receipt.id = $1 or receipt.interest = $1 or receipt.interest in (select id from interest where lead = $1)
order by receipt.decided_at, receipt.id;
