-- Decisions on a brand's interests as their receipts keep them, in their order. Grain: one row per receipt.
-- $1 the brand's policies, $2 and $3 the moment and id of the last one read, $4 until, $5 limit.
-- An interest that is decided again before $4 is not at its last decision.
select receipt.id, receipt.interest, receipt.decided_at, receipt.outcome, receipt.tier, receipt.winner, receipt.pool_key,
       receipt.pool, receipt.inputs,
       not exists (
           select from receipt as again
           where again.interest = receipt.interest and (again.decided_at, again.id) > (receipt.decided_at, receipt.id)
                 and again.decided_at < $4
       ) as is_last
from receipt
where receipt.policy = any($1::int[]) and (receipt.decided_at, receipt.id) > ($2, $3::uuid) and receipt.decided_at < $4
order by receipt.decided_at, receipt.id
limit $5
