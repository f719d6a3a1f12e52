-- Fan-outs that something happened to. Grain: one row per lead, not locked: their offers and interests come first. $1 now, $2 limit.
select lead as id, attempts from fan_out where due_at <= $1 and closed_at is null order by due_at, lead limit $2;
