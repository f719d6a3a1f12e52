-- What a person's record rests on, oldest first. Grain: one row per observation linked now. $1 person.
select observation.id, observation.particulars, observation.region, source.code as source, observation.external_id,
       observation.captured_at,
       exists (
           select from decision where decision.observation = observation.id and decision.outcome = 'corrected'
       ) as righted
from link
join observation on observation.id = link.observation
join source on source.id = observation.source
where link.person = $1 and link.closed_at is null
order by observation.captured_at, observation.id;
