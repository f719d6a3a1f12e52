-- How many of each figure a campaign has, at this very moment. Grain: one row per figure and place that is not nought. $1 campaign.
-- Figure 0 is registered, 1 to 8 are the milestones, both by brand (place 0: once each, whatever brand); from 10 on by channel: landings, registrations, leads.
-- The counts as they were put together last, moved by the news since: one statement, so both are of the same moment.
select figure, place, sum(number)::bigint as number
from (
    select figure, place, number from campaign_count where campaign = $1
    union all
    select figure, place, change from campaign_moves($1)
) as moved
group by figure, place
having sum(number) <> 0;
