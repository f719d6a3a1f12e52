-- A lead with where it came from. Grain: one row. $1 lead.
select submission.external_id, source.code as source, campaign.code as campaign, coalesce(person.merged_into, person.id) as person,
       observation.particulars, observation.id as observation, region.name_zh as region, lead.captured_at, lead.received_at
from lead
join submission on submission.lead = lead.id
join source on source.id = lead.source
join observation on observation.id = lead.observation
join person on person.id = lead.person
left join campaign on campaign.id = lead.campaign
left join region on region.code = lead.region
where lead.id = $1
