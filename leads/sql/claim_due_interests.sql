-- Interests that are due, claimed for one worker until its transaction ends, with the person whose lock comes next. Grain: one row
-- per interest. $1 now, $2 limit.
-- SKIP LOCKED lets several workers share the queue; the order makes old work go first and keeps row locks in one order.
with due as (
    select id from interest
    where due_at <= $1 and stage in ('identified', 'cleared', 'alliance_queue')
    order by due_at, id
    limit $2
    for update skip locked
)
select interest.id, interest.attempts, coalesce(person.merged_into, person.id) as person
from due
join interest on interest.id = due.id
join lead on lead.id = interest.lead
join person on person.id = lead.person
