-- Imports, the latest first. Grain: one row per import. $1 the import to go on after, or null for the first page, $2 limit. Condition: on the import and its event.
select import.id, import.subject, import.name, import.state, source.code as source, import.mode, import.rows, import.total,
       import.created, import.repeats, import.errors, import.started_at, import.ended_at, import.undone_at, staff.name as by,
       null::timestamptz as kept_until, null::jsonb as checked, event.name as event,
       campaign.code as campaign, campaign.id as campaign_id, import.told_at
from import
left join source on source.id = import.source
left join staff on staff.id = import.staff
left join event on event.id = import.event
left join campaign on campaign.id = event.campaign
where ($1::uuid is null or (import.started_at, import.id) < (select started_at, id from import where id = $1)) and {}
order by import.started_at desc, import.id desc
limit $2;
