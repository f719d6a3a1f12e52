-- Takes all milestones of interests back. Grain: one row per milestone, as it is from now on. $1 interests, $2 when.
update milestone set retracted_at = $2 where interest = any($1::uuid[]) and retracted_at is null
returning id, person, lead, interest, kind, campaign, brand, store, value_fen, at, recorded_at, retracted_at;
