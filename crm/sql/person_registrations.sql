-- What was observed of some people, as far as it may be seen, newest first, with the decision that placed it. Grain: one row per observation.
-- $1 persons, $2 observations per person at most. Conditions: on interest as met, on observation.
select link.person, observation.id, observation.particulars, observation.region, observation.captured_at,
       source.code as source, source.kind as source_kind, placed.outcome, placed.score, placed.margin, placed.runner_up,
       placed.parts, placed.at as decided_at, placed.weights_version, staff.name as staff_name,
       array(
           select distinct met.brand
           from lead join interest as met on met.lead = lead.id
           where lead.observation = observation.id and met.brand is not null and {}
       ) as brands
from unnest($1::uuid[]) as asked (person)
cross join lateral (
    select link.observation, link.person
    from link
    join observation on observation.id = link.observation
    where link.person = asked.person and link.closed_at is null and {}
    order by observation.captured_at desc, observation.id desc
    limit $2
) as link
join observation on observation.id = link.observation
join source on source.id = observation.source
cross join lateral (
    select outcome, score, margin, runner_up, parts, at, actor, weights_version
    from decision where decision.observation = observation.id order by at, id limit 1
) as placed
left join staff on placed.actor = 'staff:' || staff.id
order by link.person, observation.captured_at desc, observation.id desc;
