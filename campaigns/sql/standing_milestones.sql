-- Milestones in force of given interests. Grain: one row per interest and kind. $1 persons, $2 interests, $3 kinds, side by side.
select milestone.id, milestone.person, milestone.lead, milestone.interest, milestone.kind, milestone.campaign,
       milestone.brand, milestone.store, milestone.value_fen, milestone.at, milestone.recorded_at
from unnest($1::uuid[], $2::uuid[], $3::smallint[]) as asked (person, interest, kind)
join milestone on milestone.person = asked.person and milestone.interest = asked.interest and milestone.kind = asked.kind
where milestone.retracted_at is null;
