-- What waits, and why. Grain: one row per hold, in the order of the closed set; leads that name no interest wait as well.
select hold.code, hold.name_zh, hold.name_en, count(waiting.hold) as waiting
from hold
left join (
    select interest.hold from interest where interest.hold is not null
    union all
    select 'no_interest'
    from submission
    where
        submission.answer ->> 'hold' = 'no_interest'
        and not exists (select from interest where interest.lead = submission.lead)
) as waiting on waiting.hold = hold.code
group by hold.code, hold.name_zh, hold.name_en
order by waiting desc, hold.code;
