-- Brands that a person became a lead for before, as a guest of this campaign. Grain: one row per brand. $1 campaign, $2 person (the survivor).
-- From the person's own observations: a campaign has many guests, a person few.
select distinct wish.brand
from link
join registration on registration.observation = link.observation and registration.campaign = $1
join fan_out on fan_out.registration = registration.id
join fan_out_wish as wish on wish.lead = fan_out.lead
where link.person = $2 and link.closed_at is null;
