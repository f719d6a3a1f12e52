-- Moves the interests of an offer on, its own and those that joined. Grain: one row per interest that moved. $1 offer, $2 stage.
-- Nothing moves back; only a lost lead may be found again.
update interest set stage = further.code, hold = null, due_at = null
from stage as further, stage as present
where further.code = $2 and present.code = interest.stage
      and (further.rank > present.rank or present.code = 'lost')
      and (interest.joined = $1 or interest.id = (select offer.interest from offer where offer.id = $1));
