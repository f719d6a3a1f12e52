-- The person's other enquiries. Grain: one row per lead, the latest first. $1 survivor, $2 this lead, then the scope's values, three times.
with family as (select $1::uuid as id union all select person.id from person where person.merged_into = $1)
select lead.id, lead.captured_at,
       coalesce((select stage.code from interest join stage on stage.code = interest.stage
                 where interest.lead = lead.id and {} order by stage.rank limit 1), 'identified') as stage,
       array(select distinct seen.brand from interest as seen where seen.lead = lead.id and seen.brand is not null and {}
             order by 1) as brands
from family join lead on lead.person = family.id
where lead.id <> $2 and {}
order by lead.captured_at desc, lead.id desc
limit 50
