-- What dealers said came of offers, oldest first. Grain: one row per disposition. $1 offers.
select id, offer, kind, at, reason, value_fen, next_follow_up_at, note from disposition
where offer = any($1::uuid[]) order by at, recorded_at, id
