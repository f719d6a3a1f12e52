-- How the house stands. Grain: one row. $1 now. Test sources are left out.
select
    registered.registrations,
    registered.people,
    offers.*
from (
    select count(*) as registrations, count(distinct link.person) as people
    from observation
    join source on source.id = observation.source and not source.test
    join link on link.observation = observation.id and link.closed_at is null
) as registered
cross join (
    select
        count(*) as made,
        count(*) filter (where state = 'offered') as offered,
        count(*) filter (where state = 'accepted') as accepted,
        count(*) filter (where state = 'refused') as refused,
        count(*) filter (where state = 'expired') as expired,
        count(*) filter (where state = 'withdrawn') as withdrawn,
        count(*) filter (where state = 'offered' and answer_due_at <= $1::timestamptz) as late,
        count(*) filter (
            where state = 'offered' and answer_due_at > $1 and answer_due_at <= $1 + interval '1 hour'
        ) as due_within_the_hour,
        percentile_cont(0.5) within group (order by extract(epoch from accepted_at - offered_at) / 60)
            filter (where accepted_at is not null) as minutes_to_accept
    from offer
) as offers;
