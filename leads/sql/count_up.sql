-- Counts up the feeds of dealers and locks their counters. Grain: one row per dealer. $1 dealers, sorted, $2 how many lines each.
-- Rows are taken in the order of dealers, so that two writers wait for each other and never in a circle.
insert into dealer_counter (dealer, seq)
select dealer, lines from unnest($1::int[], $2::bigint[]) as wanted (dealer, lines) order by dealer
on conflict (dealer) do update set seq = dealer_counter.seq + excluded.seq
returning dealer, seq;
