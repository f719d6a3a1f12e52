-- Guests with all that a lead rule asks about. Grain: one row per registration. $1 registrations.
-- `wished` are the brands and models they named, in their order; `driven` those of the slots that took place.
select
    registration.id, registration.observation, coalesce(link.person, registration.person) as person, registration.source,
    registration.campaign, campaign.code as campaign_code, event.code as event_code, registration.sealed, registration.state,
    registration.registered_at, registration.confirmed_at, registration.attended_at, registration.lead, campaign.lead_rule,
    coalesce(wished.wishes, '[]') as wished, coalesce(driven.wishes, '[]') as driven, driven.first_at as done_at
from registration
join campaign on campaign.id = registration.campaign
join event on event.id = registration.event
left join link on link.observation = registration.observation and link.closed_at is null
left join lateral (
    select json_agg(json_build_object('brand', brand.code, 'model', model.code) order by wish.rank) as wishes
    from registration_wish as wish
    join brand on brand.id = wish.brand
    left join model on model.id = wish.model
    where wish.registration = registration.id
) as wished on true
left join lateral (
    select json_agg(json_build_object('brand', brand.code, 'model', model.code) order by booking.done_at, booking.id) as wishes,
           min(booking.done_at) as first_at
    from booking
    join slot on slot.id = booking.slot
    join brand on brand.id = slot.brand
    left join model on model.id = slot.model
    where booking.registration = registration.id and booking.done_at is not null
) as driven on true
where registration.id = any($1::uuid[])
order by registration.registered_at, registration.id;
