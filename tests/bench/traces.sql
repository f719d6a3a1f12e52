-- What work leaves beside a crowd of leads. Grain: many rows of many tables. The only parameter is now. For PostgreSQL 18, which the embedded one is.
-- What no store took: one open task each.
insert into alliance_task (id, interest, reason, refusals, opened_at)
select uuidv7(), interest.id, case when random() < 0.7 then 'refused' else 'out_of_reach' end, 2, interest.captured_at + interval '1 hour'
from interest where interest.stage = 'alliance_queue' and interest.id not in (select interest from alliance_task);

-- Answers of stores, the later stages and losses; what was lost has its reason.
insert into disposition (id, offer, kind, at, recorded_at, reason)
select uuidv7(), offer.id, interest.stage, offer.accepted_at + interval '1 hour', offer.accepted_at + interval '1 hour',
       case when interest.stage = 'lost' then (array['connected_no_intent', 'bought_elsewhere', 'price', 'no_response_after_3_calls'])[1 + floor(random() * 4)] end
from offer join interest on interest.id = offer.interest
where offer.state = 'accepted' and interest.stage in ('contacted', 'test_drive', 'order', 'delivered', 'lost');

insert into milestone (id, person, lead, interest, kind, campaign, brand, store, at, recorded_at)
select uuidv7(), lead.person, lead.id, interest.id, kind.id, interest.campaign, interest.brand, offer.store,
       offer.accepted_at + interval '10 minutes', offer.accepted_at + interval '10 minutes'
from offer
join interest on interest.id = offer.interest
join lead on lead.id = interest.lead
join milestone_kind as kind
    on kind.code = 'accepted'
    or (kind.code = 'contacted' and interest.stage in ('contacted', 'test_drive', 'order', 'delivered'))
    or (kind.code = 'test_drive' and interest.stage in ('test_drive', 'order', 'delivered'))
    or (kind.code = 'order' and interest.stage in ('order', 'delivered'))
where offer.state = 'accepted';

insert into recheck (id, interest, brand, drawn_on, drawn_at)
select uuidv7(), lost.id, lost.brand, ($1::timestamptz - interval '1 day' * (lost.place % 30))::date, $1::timestamptz - interval '1 day' * (lost.place % 30)
from (
    select id, brand, row_number() over (order by captured_at desc)::int as place from interest
    where stage = 'lost' and brand is not null order by captured_at desc limit 3000
) as lost;

-- Who is it? Of two people who came one after the other.
insert into review_task (id, kind, person, other, observation, decision, opened_at)
select uuidv7(), 'provisional', pair.id, pair.other, link.observation, link.decision, pair.created_at
from (
    select id, created_at, lag(id) over (order by created_at, id) as other, row_number() over (order by created_at desc) as place
    from (select id, created_at from person where merged_into is null order by created_at desc limit 1600) as latest
) as pair
join (select distinct on (person) person, observation, decision from link where closed_at is null order by person, id) as link
    on link.person = pair.id
where pair.other is not null and pair.place % 2 = 0;

insert into history_entry (actor, action, subject_kind, subject, details, at)
select case when n % 5 = 0 then 'staff:' || (select min(id) from staff) else 'source:crowd' end,
       (array['note_added', 'exported', 'lead_entered'])[1 + n % 3],
       'lead', made.id::text, '{}', made.captured_at + interval '2 hours'
from (select id, captured_at, row_number() over (order by id)::int as n from lead) as made
where n % 2 = 0;

insert into import (id, file_hash, source, mode, mapping, state, rows, created, repeats, errors, started_at, ended_at, subject, name, staff, total)
select uuidv7(), md5(n::text) || md5(n::text), (select id from source where code = 'crowd'), 'live', '{}', 'done', 500, 480, 15, 5,
       $1::timestamptz - interval '1 day' * n, $1::timestamptz - interval '1 day' * n + interval '20 seconds', 'leads', 'desk-' || n || '.xlsx', (select min(id) from staff), 500
from generate_series(1, 240) n;

insert into import_row (import_id, row_no, fate, reason)
select id, row_no, case when row_no > 495 then 'error' when row_no > 480 then 'repeat' else 'created' end,
       case when row_no > 495 then 'phone' end
from import, generate_series(1, 500) row_no;
