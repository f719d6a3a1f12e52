-- Interests held because nobody knew where the person lives, due again now that they said so. $1 persons, $2 now.
update interest set due_at = $2
from lead join person on person.id = lead.person
where interest.lead = lead.id and interest.hold = 'no_place' and interest.due_at is null
      and coalesce(person.merged_into, person.id) = any($1)
