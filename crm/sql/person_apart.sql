-- Those among some persons whom somebody found to be different people, under whatever id they were then.
-- Grain: one row per pair. $1 persons of today.
with one as (
    select id, coalesce(merged_into, id) as now from person where id = any($1::uuid[]) or merged_into = any($1::uuid[])
)
select no_merge.person, no_merge.other
from no_merge
join one as first on first.id = no_merge.person
join one as second on second.id = no_merge.other
where first.now <> second.now;
