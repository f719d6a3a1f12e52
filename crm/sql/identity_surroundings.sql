-- What weighing needs to know beside the candidates. Grain: one row.
-- $1 match keys, $2 candidates, $3 how many of the latest persons count for the sharing of phones.
-- The sequence stands in for counting a table of millions.
select array(select match_key from hub_value where match_key = any($1::bytea[]) order by match_key) as crowded,
       array(select distinct_names from hub_value where match_key = any($1::bytea[]) order by match_key) as crowds,
       array(
           select array[person, other] from no_merge where person = any($2::uuid[]) or other = any($2::uuid[])
       ) as apart,
       (
           select count(*) from hub_value
           where kind = 'phone'
                 and noted_at >= coalesce((select created_at from person where no = numbers.last_value - $3), '-infinity')
       ) as shared,
       least(numbers.last_value, $3) as persons
from person_no_seq as numbers;
