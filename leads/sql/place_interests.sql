-- Marks interests as offered. Grain: one row per interest. $1 interests, $2 the offers they joined, side by side, or null for their own.
update interest set stage = 'offered', hold = null, joined = placed.offer, due_at = null, attempts = 0
from (
    select interest, offer from unnest($1::uuid[], coalesce($2::uuid[], '{}')) as given (interest, offer)
) as placed
where interest.id = placed.interest;
