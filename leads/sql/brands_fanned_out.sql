-- Brands that guests of a campaign became leads for before. Grain: one row per brand. $1 campaign, $2 person (the survivor),
-- $3 one registration alone, or null for all of the person's.
select distinct wish.brand
from registration
join fan_out on fan_out.registration = registration.id
join fan_out_wish as wish on wish.lead = fan_out.lead
left join link on link.observation = registration.observation and link.closed_at is null
where registration.campaign = $1
      and case when $3::uuid is null then coalesce(link.person, registration.person) = $2 else registration.id = $3 end;
