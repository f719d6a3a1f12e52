-- The wishes of a person's leads that may be seen, newest lead first, each with its latest offer. Grain: one row per interest.
-- $1 surviving person, $2 limit. Condition: on interest.
select interest.lead, lead.captured_at, source.kind as source_kind, campaign.name as campaign, interest.id, interest.rank, interest.brand,
       model.code as model, interest.kind, interest.stage, interest.hold, latest.store, latest.store_name, latest.state, latest.offered_at
from link
join lead on lead.observation = link.observation
join interest on interest.lead = lead.id
join source on source.id = lead.source
left join campaign on campaign.id = lead.campaign
left join model on model.id = interest.model
left join lateral (
    select store.code as store, store.name_zh as store_name, offer.state, offer.offered_at
    from offer join store on store.id = offer.store
    where offer.interest = interest.id or offer.id = interest.joined
    order by offer.offered_at desc, offer.id desc
    limit 1
) as latest on true
where link.person = $1 and link.closed_at is null and {}
order by lead.captured_at desc, lead.id desc, interest.rank
limit $2;
