-- The events of a campaign for another one, moved by whole days on the campaign's own calendar, with their booths and slots; closed, and
-- with nobody in them. Grain: one row per slot. $1 from, $2 to, $3 days.
with zone as (select time_zone as name, code from campaign where id = $2),

numbered as (
    select event.*, row_number() over (order by coalesce(event.starts_at, event.starts_on::timestamptz), event.id) as number
    from event where event.campaign = $1
),

named as (
    -- A code may be taken by an event that some lead named: then it ends in what nobody types.
    select numbered.*, case
        when exists (select from event as other where other.code = left(zone.code, 60) || '-' || numbered.number)
        then left(zone.code, 60) || '-' || numbered.number || '-' || substr(md5(numbered.code || $2), 1, 6)
        else left(zone.code, 60) || '-' || numbered.number end as new_code
    from numbered cross join zone
),

made as (
    insert into event (campaign, code, name, starts_on, ends_on, starts_at, ends_at, venue, address, region, capacity, offer_minutes)
    select $2, named.new_code, named.name, named.starts_on + $3::integer, named.ends_on + $3::integer,
           (named.starts_at at time zone zone.name + make_interval(days => $3)) at time zone zone.name,
           (named.ends_at at time zone zone.name + make_interval(days => $3)) at time zone zone.name,
           named.venue, named.address, named.region, named.capacity, named.offer_minutes
    from named cross join zone
    order by named.number
    returning id, code
),

booths as (
    insert into booth (event, code)
    select made.id, booth.code
    from made join named on named.new_code = made.code join booth on booth.event = named.id
    order by made.id, booth.code
)

insert into slot (event, kind, name, brand, model, starts_at, minutes, places)
select made.id, slot.kind, slot.name, slot.brand, slot.model,
       (slot.starts_at at time zone zone.name + make_interval(days => $3)) at time zone zone.name, slot.minutes, slot.places
from made
join named on named.new_code = made.code
join slot on slot.event = named.id and slot.closed_at is null
cross join zone
order by made.id, slot.id;
