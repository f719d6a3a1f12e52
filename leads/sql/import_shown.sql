-- One import with whom it is from and how long its file is kept. Grain: one row. $1 import. Condition: on the import and its event.
select import.id, import.subject, import.name, import.state, source.code as source, import.mode, import.rows, import.total,
       import.created, import.repeats, import.errors, import.started_at, import.ended_at, import.undone_at, staff.name as by,
       import_file.purge_after as kept_until, import.checked, event.name as event,
       campaign.code as campaign, campaign.id as campaign_id, import.told_at
from import
left join source on source.id = import.source
left join staff on staff.id = import.staff
left join event on event.id = import.event
left join campaign on campaign.id = event.campaign
left join import_file on import_file.import_id = import.id
where import.id = $1 and {};
