-- Leads and guests that stay when their import is undone, and why. Grain: one row per observation that stays. $1 observations, $2 the import,
-- $3 when it began, $4 the machine's name. What a store took on or people of ours worked on is no longer the import's alone. Whatever staff do to
-- a wish (an offer by hand, a place in the alliance's hands, an answered re-check, a mark of spam) is in its history.
select told.observation, told.survivor, told.why
from (
    select made.observation, known.survivor,
           case
               when exists (
                   select from interest join offer on offer.interest = interest.id or offer.id = interest.joined
                   where interest.lead = made.lead and offer.accepted_at is not null
               ) then 'accepted'
               when made.attended_at is not null
                    or exists (select from booking where booking.registration = made.registration and booking.done_at is not null)
                   then 'attended'
               when exists (select from merge where merge.survivor in (made.person, known.survivor) and merge.undone_at is null
                            and merge.actor <> $4 and merge.at >= $3)
                    or exists (select from merge where merge.loser in (made.person, known.survivor) and merge.undone_at is null
                               and merge.actor <> $4 and merge.at >= $3) then 'merged'
               when made.version > 1
                    or exists (select from staff_note where staff_note.subject = made.lead and staff_note.retracted_at is null)
                    or exists (select from staff_task where staff_task.subject = made.lead) then 'worked'
               when exists (
                   select from interest
                   join history_entry as act on act.subject_kind = 'interest' and act.subject = interest.id::text
                   where interest.lead = made.lead and act.actor like 'staff:%'
               ) then 'steered'
               when not exists (
                        select from link join observation on observation.id = link.observation
                        where link.person = known.survivor and link.closed_at is null
                              and observation.import_id is distinct from $2
                    )
                    and (exists (select from consent where consent.person in (made.person, known.survivor)
                                 and consent.observation is null and consent.recorded_at >= $3)
                         or exists (select from staff_note where staff_note.subject = known.survivor
                                    and staff_note.retracted_at is null)
                         or exists (select from staff_task where staff_task.subject = known.survivor)) then 'person_worked'
               when exists (
                   select from guest_message
                   where guest_message.registration = made.registration and guest_message.told_at is not null
               ) then 'told'
           end as why
    from (
        select asked.observation, lead.id as lead, lead.version, coalesce(lead.person, registration.person) as person,
               registration.id as registration, registration.attended_at
        from unnest($1::uuid[]) as asked (observation)
        left join lead on lead.observation = asked.observation
        left join registration on registration.observation = asked.observation
    ) as made
    join person on person.id = made.person
    cross join lateral (select coalesce(person.merged_into, person.id) as survivor) as known
) as told
where told.why is not null;
