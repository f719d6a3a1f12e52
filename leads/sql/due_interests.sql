-- What the journey must know of claimed interests. Grain: one row per interest. $1 interests.
-- Where a lead says nothing of a place, the latest place that the same person ever gave stands in.
select interest.id, interest.attempts, interest.stage, interest.brand, interest.kind, interest_kind.capability,
       interest.preferred_store, survivor.id as person, lead.captured_at,
       case when lead.region is null and lead.longitude is null then elsewhere.region else lead.region end as region,
       lead.longitude, lead.latitude,
       exists (
           select from review_task
           where review_task.observation = lead.observation and review_task.kind = 'contradiction' and closed_at is null
       ) as contradicted,
       (
           (select count(*) from offer where offer.interest = interest.id and offer.state in ('refused', 'expired'))
           + (select count(*) from joined_offer join offer on offer.id = joined_offer.offer
              where joined_offer.interest = interest.id and offer.state in ('refused', 'expired'))
       )::int as ended_offers,
       lead.id as lead, lead.wishes
from interest
join interest_kind on interest_kind.code = interest.kind
join lead on lead.id = interest.lead
join person as met on met.id = lead.person
cross join lateral (select coalesce(met.merged_into, met.id) as id) as survivor
left join lateral (
    select observation.region
    from link join observation on observation.id = link.observation
    where link.person = survivor.id and link.closed_at is null and observation.region is not null
          and lead.region is null and lead.longitude is null
    order by observation.captured_at desc
    limit 1
) as elsewhere on true
where interest.id = any($1)
order by interest.due_at, lead.captured_at, interest.rank, interest.id
