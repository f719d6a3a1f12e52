-- What is known of occasions. Grain: one row per asked occasion, in the order asked. $1 campaigns, $2 events, $3 booths, side by side.
-- A code goes before a name, an older row before a younger one. A campaign that is named stays, even when the event is another's:
-- a brand may run its own campaign at a joint show.
select coalesce(campaign.id, case when asked.campaign is null then event.campaign end) as campaign,
       event.id as event, booth.id as booth
from unnest($1::text[], $2::text[], $3::text[]) with ordinality as asked (campaign, event, booth, place)
left join lateral (
    select id from campaign where code = asked.campaign or name = asked.campaign
    order by code = asked.campaign desc, id limit 1
) as campaign on true
left join lateral (
    select id, event.campaign from event where code = asked.event or name = asked.event
    order by code = asked.event desc, id limit 1
) as event on true
left join booth on booth.event = event.id and booth.code = asked.booth
order by asked.place;
