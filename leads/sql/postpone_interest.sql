-- Puts off an interest whose turn failed; without a time it waits for a person. Grain: one row. $1 interest, $2 when to try again.
update interest set attempts = attempts + 1, due_at = $2 where id = $1
