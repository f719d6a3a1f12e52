-- The wording in force of a campaign as the first one of another. Grain: one row. $1 from, $2 to, $3 by whom, $4 when.
insert into campaign_arrangement (campaign, version, text_zh, text_en, hash, published_by, published_at)
select $2, 1, text_zh, text_en, hash, $3, $4 from campaign_arrangement where campaign = $1 order by version desc limit 1;
