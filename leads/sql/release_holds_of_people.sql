-- Interests of these people that wait for a consent or a review, due for the gate again. $1 persons of any time, $2 now.
update interest set due_at = $2
where hold in ('no_consent', 'needs_review') and lead in (
    select lead.id
    from person as told
    join person as one_of
        on one_of.id = coalesce(told.merged_into, told.id) or one_of.merged_into = coalesce(told.merged_into, told.id)
    join lead on lead.person = one_of.id
    where told.id = any($1)
)
