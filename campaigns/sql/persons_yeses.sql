-- The yeses to marketing that nobody took back since. Grain: one row per consent. $1 survivors, $2 brands, $3 channel, $4 code of the public form's source.
-- `no_at`: of a yes by the public form, when the same person had said no before, and has not said yes otherwise since.
with said as (
    select asked.person, consent.id, consent.person as told_as, consent.brand, consent.state, consent.captured_at, consent.observation,
           coalesce(source.code = $4, false) as is_public
    from unnest($1::uuid[]) as asked (person)
    cross join lateral (
        select asked.person as id union all select person.id from person where person.merged_into = asked.person
    ) as known_as
    join consent on consent.person = known_as.id
    left join observation on observation.id = consent.observation
    left join source on source.id = observation.source
    where consent.purpose = 'alliance_marketing' and consent.brand = any($2::int[]) and coalesce(consent.channel = $3, true)
          and (consent.observation is null or observation.id is not null)
)
select yes.person, yes.id, yes.observation, yes.is_public,
       case when yes.is_public then (
           select max(earlier.captured_at) from said as earlier
           where earlier.person = yes.person and earlier.brand = yes.brand and earlier.state = 'withdrawn'
                 and not exists (
                     select from said as again
                     where again.told_as = earlier.told_as and again.brand = earlier.brand and again.state = 'given'
                           and not again.is_public and again.captured_at > earlier.captured_at
                 )
       ) end as no_at
from said as yes
where yes.state = 'given'
      and not exists (
          select from said as later
          where later.person = yes.person and later.brand = yes.brand and later.state = 'withdrawn'
                and later.captured_at >= yes.captured_at
      )
order by yes.person, yes.captured_at desc, yes.id desc;
