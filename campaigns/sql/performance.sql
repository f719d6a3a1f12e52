-- What a campaign brought. Grain: one row per brand that was met or asked for, and one for the total (brand 0).
-- $1 campaign, $2 as of. Read from the two ledgers alone; a row counts from `recorded_at` until it was retracted.
-- The total counts everything once, also what named no brand, so it is not the sum of the brands.
with recursive redirect (person, survivor) as (
    select id, merged_into from person where merged_into is not null
    union all
    select redirect.person, further.merged_into
    from redirect
    join person as further on further.id = redirect.survivor
    where further.merged_into is not null
),

merged as (
    select redirect.person, redirect.survivor
    from redirect
    join person on person.id = redirect.survivor and person.merged_into is null
),

touched as (
    select
        case when grouping(touchpoint.brand) = 1 then 0 else touchpoint.brand end as brand,
        count(distinct touchpoint.observation) as registered,
        count(distinct coalesce(merged.survivor, touchpoint.person)) as people
    from touchpoint
    join touchpoint_kind as kind on kind.id = touchpoint.kind and kind.registers
    left join merged on merged.person = touchpoint.person
    where
        touchpoint.campaign = $1
        and touchpoint.observation is not null
        and touchpoint.recorded_at <= $2
        and (touchpoint.retracted_at is null or touchpoint.retracted_at > $2)
    group by grouping sets ((touchpoint.brand), ())
    having grouping(touchpoint.brand) = 1 or touchpoint.brand is not null
),

moved as (
    select
        case when grouping(milestone.brand) = 1 then 0 else milestone.brand end as brand,
        count(distinct milestone.lead) filter (where kind.code = 'lead') as leads,
        count(distinct milestone.lead) filter (where kind.code = 'offered') as offered,
        count(distinct milestone.lead) filter (where kind.code = 'accepted') as accepted,
        count(distinct milestone.lead) filter (where kind.code = 'contacted') as contacted,
        count(distinct milestone.lead) filter (where kind.code = 'test_drive') as test_drive,
        count(distinct milestone.lead) filter (where kind.code = 'order') as "order"
    from milestone
    join milestone_kind as kind on kind.id = milestone.kind
    where
        milestone.campaign = $1
        and milestone.recorded_at <= $2
        and (milestone.retracted_at is null or milestone.retracted_at > $2)
    group by grouping sets ((milestone.brand), ())
    having grouping(milestone.brand) = 1 or milestone.brand is not null
)

select
    brand,
    coalesce(touched.registered, 0) as registered,
    coalesce(touched.people, 0) as people,
    coalesce(moved.leads, 0) as leads,
    coalesce(moved.offered, 0) as offered,
    coalesce(moved.accepted, 0) as accepted,
    coalesce(moved.contacted, 0) as contacted,
    coalesce(moved.test_drive, 0) as test_drive,
    coalesce(moved."order", 0) as "order"
from touched
full join moved using (brand);
