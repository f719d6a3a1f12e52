-- Interests of these people that wait for a consent or a review, due for the gate again. $1 persons of any time, $2 now.
update interest set due_at = $2
where hold in ('no_consent', 'needs_review') and lead in (
    select lead.id
    from person as told
    cross join lateral (select coalesce(told.merged_into, told.id) as id) as survivor
    cross join lateral (
        select survivor.id union all select person.id from person where person.merged_into = survivor.id
    ) as known_as
    join lead on lead.person = known_as.id
    where told.id = any($1)
)
