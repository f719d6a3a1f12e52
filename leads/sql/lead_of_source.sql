-- A lead with its interests as its source may see it. Grain: one row per interest, or one without when it has none. $1 lead, $2 source.
-- The person is the survivor of today, whoever the lead was linked to when it came.
select submission.external_id, coalesce(person.merged_into, person.id) as person, interest.id as interest, interest.stage, interest.hold
from submission
join lead on lead.id = submission.lead
join person on person.id = lead.person
left join interest on interest.lead = lead.id
where lead.id = $1 and submission.source = $2
order by interest.rank, interest.id
