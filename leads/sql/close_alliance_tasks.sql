-- Closes the tasks of interests that left the alliance queue. Grain: one row per interest. $1 interests, $2 now.
update alliance_task set closed_at = $2, closed_by = 'journey'
from interest
where alliance_task.interest = interest.id and interest.id = any($1) and interest.stage <> 'alliance_queue' and closed_at is null
