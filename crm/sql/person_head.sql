-- One person's own row with who was merged into them and how much is asked about them. Grain: one row. $1 person.
select no, status, version,
       array(select gone.id from person as gone where gone.merged_into = person.id order by gone.id) as also,
       (
           select count(*) from review_task
           where person.id in (review_task.person, review_task.other) and closed_at is null
       ) as questions
from person
where id = $1;
