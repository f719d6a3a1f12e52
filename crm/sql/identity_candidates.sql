-- The persons that any of these match keys leads to, with what was observed of them. Grain: one row per person.
-- $1 match keys, $2 observations looked at per key (the latest), $3 observations opened per person (the latest),
-- $4 names from which on a value is a hub and leads nowhere: its people are found by name and last four digits instead.
with wanted as (
    select given.match_key from unnest($1::bytea[]) as given (match_key)
    where not exists (select from hub_value where hub_value.match_key = given.match_key and distinct_names >= $4)
), found as (
    select wanted.match_key, hit.person
    from wanted
    cross join lateral (
        select distinct link.person
        from (
            select observation from identity_key where identity_key.match_key = wanted.match_key order by id desc limit $2
        ) as latest
        join link on link.observation = latest.observation and link.closed_at is null
    ) as hit
), met as (
    select person, array_agg(match_key) as match_keys from found group by person
)
select met.person, met.match_keys, seen.ids, seen.particulars, seen.regions
from met
cross join lateral (
    select array_agg(latest.id) as ids, array_agg(latest.particulars) as particulars, array_agg(latest.region) as regions
    from (
        select observation.id, observation.particulars, observation.region
        from link
        join observation on observation.id = link.observation
        where link.person = met.person and link.closed_at is null
        order by link.opened_at desc, link.id desc
        limit $3
    ) as latest
) as seen
order by met.person;
