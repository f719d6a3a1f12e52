-- What an offer needs to know of its receipt. Grain: one row per receipt. $1 receipts, $2 the local day.
-- The dealer is the one that runs the store on that day; `person` is the lead's of its time, `survivor` who it is today.
select receipt.id as receipt, receipt.policy, receipt.basis, receipt.winner as store, store_operator.dealer,
       interest.id as interest, interest.brand, lead.id as lead, lead.campaign, lead.person, source.test,
       coalesce(person.merged_into, person.id) as survivor
from receipt
join interest on interest.id = receipt.interest
join lead on lead.id = interest.lead
join source on source.id = lead.source
join person on person.id = lead.person
join store_operator on store_operator.store = receipt.winner
     and daterange(valid_from_on, valid_until_on) @> $2::date
where receipt.id = any($1::uuid[]);
