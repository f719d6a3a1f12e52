-- Registrations that their campaign's lead rule has to look at, with their persons of today; not locked: persons come first.
-- Grain: one row per registration. $1 now, $2 limit.
select due.id, coalesce(link.person, due.person) as person
from (
    select id, observation, person from registration where leads_due_at <= $1 order by leads_due_at, id limit $2
) as due
left join link on link.observation = due.observation and link.closed_at is null;
