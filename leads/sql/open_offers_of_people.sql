-- Offers that wait for an answer, of people as they are known today. Grain: one row per offer, oldest first. $1 survivors,
-- $2 brands, side by side, $3 now. (One `or` over id and merged_into would read every person.)
-- From the person to the offer, step by step, whatever the planner thinks of the tables: `offset 0` keeps it to this way. A plan made while
-- the house was new began with all open offers, and took 0.5 s for a hundred people at two thousand offers (measured 2026-11-29).
select asked.person, asked.brand, theirs.offer, theirs.store
from unnest($1::uuid[], $2::int[]) as asked (person, brand)
cross join lateral (
    select offer.id as offer, offer.store, offer.offered_at
    from (
        select asked.person as id union all select person.id from person where person.merged_into = asked.person
    ) as known_as
    cross join lateral (
        select interest.id from lead join interest on interest.lead = lead.id where lead.person = known_as.id offset 0
    ) as wish
    cross join lateral (
        select id, store, offered_at from offer
        where interest = wish.id and brand = asked.brand and state = 'offered' and expires_at > $3 offset 0
    ) as offer
    offset 0
) as theirs
order by theirs.offered_at, theirs.offer;
