-- Questions about identity that wait for an answer, the oldest first. Grain: one row per task. $1 now, $2 limit. Condition: beyond a mark.
-- Two sides that became one person by another way are no question any more. The recorded decision is about `person` and who was nearest then.
select review_task.id, review_task.kind, review_task.opened_at, one.id as person, one.no as person_no, two.id as other, two.no as other_no,
       case when decision.outcome = 'provisional' then decision.score end as score,
       case when decision.outcome = 'provisional' then decision.parts else '[]' end as parts
from review_task
join person as asked on asked.id = review_task.person
join person as one on one.id = coalesce(asked.merged_into, asked.id)
join person as compared on compared.id = review_task.other
join person as two on two.id = coalesce(compared.merged_into, compared.id)
left join decision on decision.id = review_task.decision
where review_task.closed_at is null and coalesce(review_task.not_before, '-infinity') <= $1 and one.id <> two.id and {}
order by review_task.opened_at, review_task.id
limit $2;
