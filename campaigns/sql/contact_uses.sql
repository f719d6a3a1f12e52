-- What counts in the contact budget of these persons, under every id that they had. Grain: one row per message. $1 survivors, $2 since, $3 now.
-- A message that is just being sent counts as of now, whenever its place was reserved.
select asked.person, coalesce(contact_use.sent_at, $3) as at, contact_use.kind
from unnest($1::uuid[]) as asked (person)
cross join lateral (
    select asked.person as id union all select person.id from person where person.merged_into = asked.person
) as known_as
join contact_use on contact_use.person = known_as.id
where contact_use.sent_at is null or contact_use.sent_at > $2;
