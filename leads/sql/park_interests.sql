-- Interests that are not at a store, with their hold. Grain: one row per interest. $1 interests, $2 stages, $3 holds, $4 when due again.
update interest set stage = parked.stage, hold = parked.hold, due_at = parked.due_at, attempts = 0
from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) as parked (interest, stage, hold, due_at)
where interest.id = parked.interest
