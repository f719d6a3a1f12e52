-- Those of these persons who have no observation left and whom no merge in force names: nobody. Grain: one row per person. $1 persons.
-- Closed links can be there, left by a merge that was undone.
select person.id from person
where person.id = any($1::uuid[]) and person.merged_into is null
      and not exists (select from link where link.person = person.id and link.closed_at is null)
      and not exists (select from merge where merge.survivor = person.id and merge.undone_at is null)
      and not exists (select from merge where merge.loser = person.id and merge.undone_at is null)
      and not exists (select from person as redirect where redirect.merged_into = person.id)
order by person.id;
