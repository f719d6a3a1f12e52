-- Takes a caller's own name for a request. Grain: one row when the name is free (new, or its time is over), none when it is taken.
-- $1 principal kind, $2 principal, $3 route, $4 key, $5 body hash, $6 reference of the answer, $7 now, $8 when it may be forgotten.
-- A second request under the same name waits here until the first one has ended.
insert into idempotency (principal_kind, principal, route, key, body_hash, reference, at, forget_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (principal_kind, principal, route, key) do update
set body_hash = excluded.body_hash, reference = excluded.reference, at = excluded.at, forget_at = excluded.forget_at
where idempotency.forget_at <= excluded.at
returning id;
