-- Everything that was observed of some people, and why it was taken for theirs. Grain: one row per observation. $1 persons.
-- Sealed values stay closed.
select
    link.person,
    person.no,
    observation.id as observation,
    observation.particulars,
    observation.captured_at,
    source.kind as source_kind,
    campaign.name as campaign,
    concat(case when parent.level = 'city' or region.level = 'district' then parent.name_zh end, region.name_zh) as place,
    array(
        select brand.code
        from brand
        where exists (select from interest where interest.lead = lead.id and interest.brand = brand.id)
        order by brand.rank
    ) as brands,
    decision.outcome,
    decision.parts,
    decision.score,
    decision.margin
from link
join person on person.id = link.person
join decision on decision.id = link.decision
join observation on observation.id = link.observation
join source on source.id = observation.source
left join lead on lead.observation = observation.id
left join campaign on campaign.id = lead.campaign
left join region on region.code = observation.region
left join region as parent on parent.code = region.parent
where link.closed_at is null and link.person = any($1::uuid[])
order by link.person, observation.captured_at, observation.id;
