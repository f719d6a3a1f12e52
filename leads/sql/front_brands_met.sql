-- How many brands people met. Grain: one row per number of brands (1..), with how many people met that many.
select met.brands, count(*) as people
from (
    select link.person, count(distinct touchpoint.brand) as brands
    from touchpoint
    join link on link.observation = touchpoint.observation and link.closed_at is null
    where touchpoint.brand is not null and touchpoint.retracted_at is null
    group by link.person
) as met
group by met.brands
order by met.brands;
