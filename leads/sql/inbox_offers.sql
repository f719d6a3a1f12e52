-- Offers as their dealer may read them, sealed values still closed. Grain: one row per offer. $1 dealer, $2 offers.
-- `survivor` is who the person is today; `repeats` are the enquiries that joined. Of an interest that was undone with its import
-- only kind, model and the lead's id are left.
select offer.id, offer.state, offer.version, offer.reason, offer.offered_at, offer.answer_due_at, offer.expires_at, offer.basis,
       store.code as store, brand.code as brand, model.code as model,
       coalesce(interest.kind, undone.kind) as kind, coalesce(lead.id, undone.lead) as lead, lead.captured_at, lead.wishes, lead.contact_channel, lead.contact_not_before,
       campaign.code as campaign, coalesce(person.merged_into, person.id) as survivor,
       observation.id as observation, observation.particulars, trade_in.id as trade_in, trade_in.sealed as trade_in_sealed,
       lead.region,
       jsonb_build_object(coalesce(region.level, ''), region.name_zh, coalesce(parent.level, '-'), parent.name_zh,
                          coalesce(grandparent.level, '--'), grandparent.name_zh) as named,
       (select jsonb_agg(jsonb_build_object('captured_at', again.captured_at, 'kind', joined.kind, 'model', wanted.code)
                         order by again.captured_at, joined.id)
        from interest as joined
        join lead as again on again.id = joined.lead
        left join model as wanted on wanted.id = joined.model
        where joined.joined = offer.id) as repeats
from offer
join store on store.id = offer.store
join brand on brand.id = offer.brand
left join interest on interest.id = offer.interest
left join undone_interest as undone on undone.id = offer.interest
left join lead on lead.id = interest.lead
left join person on person.id = lead.person
left join observation on observation.id = lead.observation
left join model on model.id = coalesce(interest.model, undone.model)
left join campaign on campaign.id = lead.campaign
left join trade_in on trade_in.lead = lead.id
left join region on region.code = lead.region
left join region as parent on parent.code = region.parent
left join region as grandparent on grandparent.code = parent.parent
where offer.dealer = $1 and offer.id = any($2::uuid[]);
