-- What was said of these persons, newest first. Grain: one row per observation linked now. $1 survivors, $2 code of the public form's source.
-- `is_public`: anybody may have written it.
select link.person, observation.id, observation.captured_at, observation.particulars, source.code = $2 as is_public,
       exists (
           select from decision where decision.observation = observation.id and decision.outcome = 'corrected'
       ) as righted
from link
join observation on observation.id = link.observation
join source on source.id = observation.source
where link.person = any($1::uuid[]) and link.closed_at is null
order by link.person, observation.captured_at desc, observation.id desc;
