-- The goals of a campaign for another one. Grain: one row per brand and figure. $1 from, $2 to.
insert into campaign_goal (campaign, brand, figure, number)
select $2, brand, figure, number from campaign_goal where campaign = $1 order by brand, figure;
