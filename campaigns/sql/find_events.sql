-- Makes found events of codes nobody planned. Grain: one row per new code. $1 campaigns, $2 events, side by side.
insert into event (campaign, code, name)
select distinct on (asked.event) campaign.id, asked.event, asked.event
from unnest($1::text[], $2::text[]) as asked (campaign, event)
cross join lateral (
    select id from campaign
    where code = coalesce(asked.campaign, asked.event) or name = coalesce(asked.campaign, asked.event)
    order by code = coalesce(asked.campaign, asked.event) desc, id limit 1
) as campaign
where asked.event is not null
      and not exists (select from event where event.code = asked.event or event.name = asked.event)
order by asked.event, asked.campaign
on conflict (code) do nothing;
