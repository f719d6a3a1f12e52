-- Takes all milestones of interests back. Grain: one row per milestone. $1 interests, $2 when.
update milestone set retracted_at = $2 where interest = any($1::uuid[]) and retracted_at is null;
