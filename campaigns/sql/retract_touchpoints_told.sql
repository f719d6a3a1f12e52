-- Takes the touchpoints of observations back. Grain: one row per touchpoint. $1 observations, $2 when.
update touchpoint set retracted_at = $2 where observation = any($1::uuid[]) and retracted_at is null;
