-- Sets the interests of ended offers free: their own and those that joined. Grain: one row per interest. $1 offers, $2 stage, $3 due at.
-- A lost one stays lost: who bought elsewhere and then takes a consent back is not offered anew.
update interest set stage = $2, hold = null, joined = null, due_at = $3, attempts = 0
where (id in (select offer.interest from offer where offer.id = any($1::uuid[])) or joined = any($1::uuid[])) and stage <> 'lost';
