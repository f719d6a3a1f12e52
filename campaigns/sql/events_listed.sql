-- Events with how many registered, wait and came. Grain: one row per event. $1 a campaign, or null for all.
-- Conditions: on registration (which guests count), on campaign.
select event.id, event.code, event.name, event.campaign, campaign.code as campaign_code, campaign.name as campaign_name,
       campaign.time_zone, event.starts_on, event.ends_on, event.starts_at, event.ends_at, event.venue, event.address, event.region,
       event.capacity, event.taken, event.offer_minutes, event.is_open, event.opened_at, event.version,
       coalesce(guests.registered, 0) as registered, coalesce(guests.waiting, 0) as waiting, coalesce(guests.attended, 0) as attended,
       (select count(*) from slot where slot.event = event.id) as slots
from event
join campaign on campaign.id = event.campaign
left join lateral (
    select count(*) as registered, count(*) filter (where state = 'waiting') as waiting,
           count(*) filter (where attended_at is not null) as attended
    from registration
    where registration.event = event.id and state <> 'cancelled' and joins is null and {}
) as guests on true
where ($1::int is null or event.campaign = $1) and {}
order by event.starts_on, event.id;
