-- Makes found campaigns of codes nobody planned. Grain: one row per new code. $1 campaigns, $2 events, side by side, $3 when.
-- An event that is unknown and names no campaign brings one of its own name.
insert into campaign (code, name, status, time_zone, created_at, version)
select distinct named.code, named.code, 'found', 'Asia/Shanghai', $3::timestamptz, 1
from unnest($1::text[], $2::text[]) as asked (campaign, event)
cross join lateral (select coalesce(asked.campaign, asked.event)) as named (code)
where named.code is not null
      and not exists (select from campaign where campaign.code = named.code or campaign.name = named.code)
      and (asked.campaign is not null
           or not exists (select from event where event.code = asked.event or event.name = asked.event))
order by named.code
on conflict (code) do nothing;
