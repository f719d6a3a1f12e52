-- Leads that stay when their import is undone, and why. Grain: one row per lead that stays. $1 observations, $2 the import, $3 when it began,
-- $4 the machine's name. What a store took on or people of ours worked on is no longer the import's alone. Whatever staff do to a wish (an offer
-- by hand, a place in the alliance's hands, an answered re-check, a mark of spam) is in its history.
select told.observation, told.survivor, told.why
from (
    select lead.observation, known.survivor,
           case
               when exists (
                   select from interest join offer on offer.interest = interest.id or offer.id = interest.joined
                   where interest.lead = lead.id and offer.accepted_at is not null
               ) then 'accepted'
               when exists (select from merge where merge.survivor in (lead.person, known.survivor) and merge.undone_at is null
                            and merge.actor <> $4 and merge.at >= $3)
                    or exists (select from merge where merge.loser in (lead.person, known.survivor) and merge.undone_at is null
                               and merge.actor <> $4 and merge.at >= $3) then 'merged'
               when lead.version > 1
                    or exists (select from staff_note where staff_note.subject = lead.id and staff_note.retracted_at is null)
                    or exists (select from staff_task where staff_task.subject = lead.id) then 'worked'
               when exists (
                   select from interest
                   join history_entry as act on act.subject_kind = 'interest' and act.subject = interest.id::text
                   where interest.lead = lead.id and act.actor like 'staff:%'
               ) then 'steered'
               when not exists (
                        select from link join observation on observation.id = link.observation
                        where link.person = known.survivor and link.closed_at is null
                              and observation.import_id is distinct from $2
                    )
                    and (exists (select from consent where consent.person in (lead.person, known.survivor)
                                 and consent.observation is null and consent.recorded_at >= $3)
                         or exists (select from staff_note where staff_note.subject = known.survivor
                                    and staff_note.retracted_at is null)
                         or exists (select from staff_task where staff_task.subject = known.survivor)) then 'person_worked'
           end as why
    from lead
    join person on person.id = lead.person
    cross join lateral (select coalesce(person.merged_into, person.id) as survivor) as known
    where lead.observation = any($1::uuid[])
) as told
where told.why is not null;
