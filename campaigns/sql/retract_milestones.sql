-- Takes milestones back. Grain: one row per milestone. $1 persons, $2 their dates, $3 ids, side by side, $4 when it was taken back.
update milestone set retracted_at = $4
from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) as taken (person, at, id)
where milestone.person = taken.person and milestone.at = taken.at and milestone.id = taken.id and retracted_at is null;
