-- Takes the touchpoints of observations back. Grain: one row per touchpoint, as it is from now on. $1 observations, $2 when.
update touchpoint set retracted_at = $2 where observation = any($1::uuid[]) and retracted_at is null
returning id, person, observation, kind, campaign, event, booth, brand, channel, at, recorded_at, retracted_at;
