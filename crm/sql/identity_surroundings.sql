-- What weighing needs to know beside the candidates. Grain: one row.
-- $1 match keys, $2 candidates, $3 how many of the latest persons count for the sharing of phones.
-- The sequence stands in for counting a table of millions; numbers may be missing in it. People known to be apart stay so
-- under whatever person they are now.
with candidate as (
    select id, coalesce(merged_into, id) as now from person where id = any($2::uuid[]) or merged_into = any($2::uuid[])
)
select array(select match_key from hub_value where match_key = any($1::bytea[]) order by match_key) as crowded,
       array(select distinct_names from hub_value where match_key = any($1::bytea[]) order by match_key) as crowds,
       array(
           select array[one.now, other.now]
           from candidate as one
           join no_merge on no_merge.person = one.id
           join candidate as other on other.id = no_merge.other
       ) as apart,
       (
           select count(*) from hub_value
           where kind = 'phone'
                 and noted_at >= coalesce(
                     (select created_at from person where no <= numbers.last_value - $3 order by no desc limit 1),
                     '-infinity'
                 )
       ) as shared,
       least(numbers.last_value, $3) as persons
from person_no_seq as numbers;
