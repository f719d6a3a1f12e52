-- A lead with where it came from and why its person is who they are. Grain: one row. $1 lead, then the scope's values.
select lead.id, lead.version, coalesce(person.merged_into, person.id) as person, lead.observation, lead.region, lead.contact_channel,
       lead.contact_not_before, lead.wishes, lead.captured_at, lead.received_at, lead.entered_by, entered.name as entered_by_name,
       source.code as source, source.kind as source_kind, source.test as is_test, submission.external_id, submission.changed_at,
       campaign.code as campaign, campaign.name as campaign_name, event.name as event, booth.code as booth,
       observation.particulars, trade_in.id as trade_in, trade_in.sealed as trade_in_sealed,
       decision.outcome as decision, decision.margin,
       exists (select from review_task where review_task.observation = lead.observation and closed_at is null) as open_review
from lead
join person on person.id = lead.person
join observation on observation.id = lead.observation
join source on source.id = lead.source
left join submission on submission.lead = lead.id
left join staff as entered on entered.id = lead.entered_by
left join campaign on campaign.id = lead.campaign
left join event on event.id = lead.event
left join booth on booth.id = lead.booth
left join trade_in on trade_in.lead = lead.id
left join lateral (
    select outcome, margin from decision where decision.observation = lead.observation order by at desc limit 1
) as decision on true
where lead.id = $1 and {}
