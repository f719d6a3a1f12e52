-- The store that held a person for a brand at a past moment, by what was written down by then: as in holding_stores, which tells today's.
-- Persons that were merged since count as one. Grain: at most one row per given interest.
-- $1 interests, $2 contacts count since, $3 as known at, in parallel.
with recursive
wish as (
    select given.interest, given.since, given.at, wished.brand, lead.person
    from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as given (interest, since, at)
    join interest as wished on wished.id = given.interest
    join lead on lead.id = wished.lead
),
upward as (
    select interest, person from wish
    union
    select upward.interest, person.merged_into
    from upward join person on person.id = upward.person
    where person.merged_into is not null
),
family as (
    select interest, person from upward
    union
    select family.interest, person.id from family join person on person.merged_into = family.person
)
select distinct on (wish.interest, wish.at) wish.interest, wish.at, offer.store
from wish
join family using (interest)
join lead on lead.person = family.person
join interest on interest.lead = lead.id
join offer on offer.interest = interest.id and offer.brand = wish.brand
     and offer.accepted_at < wish.at and (offer.ended_at is null or offer.ended_at >= wish.at)
cross join lateral (
    select max(disposition.at) filter (where disposition.kind not in ('unreachable', 'lost', 'invalid')) as contact_at,
           (array_agg(disposition.kind order by disposition.at desc, disposition.recorded_at desc, disposition.id desc)
                filter (where disposition.kind <> 'unreachable'))[1] as latest
    from disposition where disposition.offer = offer.id and disposition.recorded_at < wish.at
) as story
where coalesce(story.latest, 'accepted') not in ('lost', 'invalid') and greatest(offer.accepted_at, story.contact_at) >= wish.since
order by wish.interest, wish.at, offer.accepted_at desc, offer.id
