-- Makes found booths of codes nobody planned. Grain: one row per event and new code. $1 events, $2 booths, side by side.
insert into booth (event, code)
select distinct event.id, asked.booth
from unnest($1::text[], $2::text[]) as asked (event, booth)
cross join lateral (
    select id from event where code = asked.event or name = asked.event
    order by code = asked.event desc, id limit 1
) as event
where asked.booth is not null
order by event.id, asked.booth
on conflict (event, code) do nothing;
