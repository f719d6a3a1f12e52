-- Takes back what a visitor left who was not known. Grain: one row per landing, as it is from now on. $1 visitor, $2 kind, $3 when.
update touchpoint set retracted_at = $3
where person = $1 and kind = $2 and observation is null and retracted_at is null
returning id, person, observation, kind, campaign, event, booth, brand, channel, at, recorded_at, retracted_at;
