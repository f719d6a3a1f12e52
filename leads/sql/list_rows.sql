-- The leads of one page of a list with what a row says of each. Grain: one row per lead, in the order asked for; interests are JSON, by rank.
-- $1 leads; the first condition is what may be seen of interests, the second what may be seen of leads.
-- An interest stands on its own offer, or on the one that its repeat enquiry joined; the open one first, else the latest.
select lead.id, coalesce(person.merged_into, person.id) as person, observation.id as observation, observation.particulars,
       lead.captured_at, lead.received_at, region.name_zh as region, campaign.name as campaign, source.code as source,
       observation.external_id as number, wished.interests
from unnest($1::uuid[]) with ordinality as asked (lead, place)
join lead on lead.id = asked.lead
join observation on observation.id = lead.observation
join person on person.id = lead.person
join source on source.id = lead.source
left join campaign on campaign.id = lead.campaign
left join region on region.code = lead.region
left join lateral (
    select json_agg(json_build_object(
               'brand', interest.brand, 'model', model.code, 'kind', interest.kind, 'stage', interest.stage, 'hold', interest.hold,
               'queued_at', task.opened_at, 'reason', last.reason, 'recheck_at', recheck.drawn_at,
               'follow_up_at', last.next_follow_up_at,
               'offer', case when offered.id is not null then json_build_object(
                   'state', offered.state, 'store', store.name_zh, 'offered_at', offered.offered_at,
                   'answer_due_at', offered.answer_due_at, 'accepted_at', offered.accepted_at, 'ended_at', offered.ended_at
               ) end
           ) order by interest.rank, interest.id)::text as interests
    from interest
    left join model on model.id = interest.model
    left join alliance_task as task on task.interest = interest.id and task.closed_at is null
    left join recheck on recheck.interest = interest.id and recheck.answer is null
    left join lateral (
        select offer.* from offer
        where offer.interest = interest.id or offer.id = interest.joined
        order by offer.ended_at is null desc, offer.offered_at desc, offer.id desc
        limit 1
    ) as offered on true
    left join store on store.id = offered.store
    left join lateral (
        select disposition.reason, disposition.next_follow_up_at from disposition
        where disposition.offer = offered.id order by disposition.at desc, disposition.id desc limit 1
    ) as last on true
    where interest.lead = lead.id and {}
) as wished on true
where {}
order by asked.place
