-- Interests of these people that wait for something a person or a reviewer can change, or for people of the alliance,
-- due again. Grain: one row per interest.
-- $1 persons of any time, $2 now. The caller holds the people's stripes: a row that is locked all the same belongs to a worker that
-- waits for them and has read nothing yet, and to wait for it in turn would be a deadlock.
update interest set due_at = $2
where id in (
    select interest.id
    from person as told
    cross join lateral (select coalesce(told.merged_into, told.id) as id) as survivor
    cross join lateral (
        select survivor.id union all select person.id from person where person.merged_into = survivor.id
    ) as known_as
    join lead on lead.person = known_as.id
    join interest on interest.lead = lead.id
    where told.id = any($1) and (interest.hold in ('no_consent', 'needs_review', 'no_place') or interest.stage = 'alliance_queue')
    for update of interest skip locked
)
