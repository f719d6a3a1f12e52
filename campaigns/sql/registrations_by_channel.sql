-- How many registered by each channel, and how many of these registrations became leads. Grain: one row per channel. $1 campaign.
-- Read from the index registration_channel alone.
select channel, count(*) as registrations, count(lead) as leads
from registration
where campaign = $1 and channel is not null
group by channel;
