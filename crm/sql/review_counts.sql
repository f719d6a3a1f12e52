-- How the review stands. Grain: one row. $1 now, $2 actor, $3 since when their answers are counted.
select count(*)::int as waiting, min(review_task.opened_at) as oldest,
       (
           select count(*) from history_entry
           where actor = $2 and at >= $3 and subject_kind = 'review_task' and action in ('review_same', 'review_different')
       )::int as answered
from review_task
join person as asked on asked.id = review_task.person
join person as compared on compared.id = review_task.other
where review_task.closed_at is null and coalesce(review_task.not_before, '-infinity') <= $1
      and coalesce(asked.merged_into, asked.id) <> coalesce(compared.merged_into, compared.id);
