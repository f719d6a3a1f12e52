-- What was said of these persons, newest first. Grain: one row per observation linked now. $1 survivors.
select link.person, observation.id, observation.particulars,
       exists (
           select from decision where decision.observation = observation.id and decision.outcome = 'corrected'
       ) as righted
from link
join observation on observation.id = link.observation
where link.person = any($1::uuid[]) and link.closed_at is null
order by link.person, observation.captured_at desc, observation.id desc;
