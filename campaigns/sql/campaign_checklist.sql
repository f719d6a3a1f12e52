-- What of a campaign's checklist the database alone can say. Grain: one row, a yes or no per line, and the city. $1 campaign, $2 today.
select
    campaign.starts_on is not null and campaign.ends_on is not null as dates,
    campaign.region as region,
    exists (select from campaign_arrangement as said where said.campaign = campaign.id) as arrangement,
    exists (
        select from event
        where event.campaign = campaign.id and (event.starts_at is not null or event.starts_on is not null)
    ) as event,
    not campaign.takes_registrations
    or exists (select from event where event.campaign = campaign.id and event.is_open) as registration,
    exists (
        select from notice_version as said
        where said.valid_from_on <= $2 and coalesce(said.valid_until_on >= $2, true)
        group by said.notice
        having count(distinct said.language) filter (where said.language in ('zh', 'en')) = 2
    ) as notice,
    exists (select from channel where channel.campaign = campaign.id and channel.closed_at is null) as channel,
    exists (select from campaign_goal as goal where goal.campaign = campaign.id) as goals,
    campaign.lead_rule is not null as lead_rule
from campaign
where campaign.id = $1;
