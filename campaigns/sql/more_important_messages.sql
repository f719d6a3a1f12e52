-- Messages that wait for these persons at this moment, by how important they are. Grain: one row per person and priority.
-- $1 survivors, $2 now, $3 priority above which they are asked for.
select asked.person, message.priority, count(*)::int as waiting
from unnest($1::uuid[]) as asked (person)
cross join lateral (
    select asked.person as id union all select person.id from person where person.merged_into = asked.person
) as known_as
join message on message.person = known_as.id and message.state = 'queued'
left join mailing on mailing.id = message.mailing
where message.priority > $3 and message.due_at <= $2 and (message.mailing is null or mailing.state = 'running')
      and not exists (select from contact_use where contact_use.message = message.id)
group by asked.person, message.priority;
