-- Campaigns and events that fall on these days. Grain: one row per campaign or event. $1 first day, $2 last day. Which the reader may see is filled in.
-- An event without a place of its own is where its campaign is; its days are on the campaign's calendar.
with seen as (
    select * from campaign where status <> 'found' and {}
),

dated as (
    select 'campaign' as kind, id, id as campaign, code, code as campaign_code, name, status, region, starts_on, ends_on
    from seen
    union all
    select 'event', event.id, seen.id, event.code, seen.code, event.name, seen.status, coalesce(event.region, seen.region),
           coalesce((event.starts_at at time zone seen.time_zone)::date, event.starts_on),
           coalesce((event.ends_at at time zone seen.time_zone)::date, event.ends_on,
                    (event.starts_at at time zone seen.time_zone)::date, event.starts_on)
    from event join seen on seen.id = event.campaign
)

select * from dated
where starts_on <= $2 and coalesce(ends_on, starts_on) >= $1 and ends_on is not null
order by starts_on, ends_on desc, kind, name, id;
