-- Puts the news of a campaign into its counts. Grain: one row per figure and place that moved. $1 campaign, whose lock the caller holds.
-- One statement: what is folded and what is thrown away are the same rows, those that this statement sees.
with moved as materialized (
    select figure, place, change from campaign_moves($1)
),

gone as (
    delete from campaign_news where campaign = $1
)

insert into campaign_count (campaign, figure, place, number)
select $1, figure, place, change from moved where change <> 0 order by figure, place
on conflict (campaign, figure, place) do update set number = campaign_count.number + excluded.number;
