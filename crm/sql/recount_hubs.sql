-- Lowers the names of values to how many observations still give them. Grain: one row per value. $1 match keys.
update hub_value set distinct_names = least(distinct_names, remaining.observations)
from (
    select given.match_key, (select count(*)::int from identity_key where identity_key.match_key = given.match_key) as observations
    from unnest($1::bytea[]) as given (match_key)
) as remaining
where hub_value.match_key = remaining.match_key;
