-- Ends interests that nobody follows any more. Grain: one row per interest, locked by the caller. $1 interests.
update interest set stage = 'lost', hold = null, joined = null, due_at = null, attempts = 0 where id = any($1::uuid[]);
