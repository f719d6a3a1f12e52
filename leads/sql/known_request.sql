-- A request by the name that its caller gave it. Grain: one row. $1 principal kind, $2 principal, $3 route, $4 key.
select body_hash, reference from idempotency where principal_kind = $1 and principal = $2 and route = $3 and key = $4;
