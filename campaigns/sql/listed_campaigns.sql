-- A page of the list of campaigns. Grain: one row per campaign. $1 how many, $2 how many before, $3 the reader's own brand (null: none).
-- What runs comes first, then what comes next, then drafts and found ones, then what ended last.
select campaign.id, campaign.code, campaign.name, campaign.status, campaign.starts_on, campaign.ends_on, campaign.time_zone, campaign.region,
       array(
           select partner.brand from partner join brand on brand.id = partner.brand where partner.campaign = campaign.id order by brand.rank
       ) as brands,
       (select count(*) from partner join lateral (
            select answer from partner_answer as said
            where said.campaign = campaign.id and said.brand = partner.brand and said.terms = campaign.terms
            order by said.id desc limit 1
        ) as latest on latest.answer = 'accepted'
        where partner.campaign = campaign.id) as accepted,
       (select count(*) from event where event.campaign = campaign.id) as events,
       campaign.status <> 'closed'
       and exists (select from campaign_arrangement as wording where wording.campaign = campaign.id)
       and exists (
           select from partner as mine
           where mine.campaign = campaign.id and mine.brand = $3::integer and mine.share_part is not null
       )
       and not exists (
           select from partner_answer as given
           where given.campaign = campaign.id and given.brand = $3 and given.terms = campaign.terms
       ) as asks
from campaign
where {}
order by array_position(array['live', 'scheduled', 'draft', 'found', 'closed'], campaign.status::text),
         case when campaign.status = 'closed' then campaign.ends_on end desc nulls last, campaign.starts_on nulls last, campaign.id desc
limit $1 offset $2;
