-- Every observation and the person it belongs to now. Grain: one row per observation.
select source.code as source, observation.external_id, coalesce(person.merged_into, person.id) as person
from link
join observation on observation.id = link.observation
join source on source.id = observation.source
join person on person.id = link.person
where link.closed_at is null
order by source.code, observation.external_id;
