-- Closes offers. Grain: one row per offer, locked by the caller. $1 offers, $2 state, $3 reason, $4 when.
update offer set state = $2, reason = $3, ended_at = $4, version = version + 1 where id = any($1::uuid[]);
