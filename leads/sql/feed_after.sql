-- The next lines of a dealer's feed and how far it reaches. Grain: one row per line, one more than asked for tells that there are more;
-- a single row without a line when there is none. $1 dealer, $2 after, $3 limit, $4 store code or null.
-- `reached` is read in the same glance: with a store named, the reader may go on from there past other stores' lines.
with line as (
    select offer_event.seq, offer_event.type, offer_event.offer
    from offer_event
    join offer on offer.id = offer_event.offer
    join store on store.id = offer.store
    where offer_event.dealer = $1 and offer_event.seq > $2 and ($4::text is null or store.code = $4)
    order by offer_event.seq
    limit $3 + 1
)
select line.seq, line.type, line.offer, counter.reached
from (select coalesce(max(seq), 0) as reached from offer_event where dealer = $1) as counter
left join line on true
order by line.seq;
