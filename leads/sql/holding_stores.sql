-- The store that holds a person for a brand: the latest accepted offer, not lost, with a contact since the given moment.
-- A contact is the acceptance or any disposition but unreachable, lost and invalid; one after a loss found the person
-- again. All persons merged into the same survivor are one.
-- From the person to the offer, step by step (see open_offers_of_people.sql).
-- Grain: at most one row per given interest. $1 interests, $2 persons, $3 brands, $4 moments, in parallel.
with recursive
wish as (
    select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::timestamptz[]) as given (interest, person, brand, since)
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
select distinct on (wish.interest) wish.interest, offer.store
from wish
join family using (interest)
cross join lateral (
    select interest.id from lead join interest on interest.lead = lead.id where lead.person = family.person offset 0
) as theirs
cross join lateral (
    select id, store, accepted_at from offer
    where interest = theirs.id and brand = wish.brand and state = 'accepted' offset 0
) as offer
cross join lateral (
    select max(disposition.at) filter (where disposition.kind not in ('unreachable', 'lost', 'invalid')) as contact_at,
           (array_agg(disposition.kind order by disposition.at desc, disposition.recorded_at desc, disposition.id desc)
                filter (where disposition.kind <> 'unreachable'))[1] as latest
    from disposition where disposition.offer = offer.id
) as story
where coalesce(story.latest, 'accepted') not in ('lost', 'invalid') and greatest(offer.accepted_at, story.contact_at) >= wish.since
order by wish.interest, offer.accepted_at desc, offer.id;
