-- The next messages of one mailing, or of guests, that are due. Grain: one row per message, locked. $1 mailing or null, $2 now, $3 limit.
-- SKIP LOCKED lets several workers share a mailing. `person` is who they are today; `is_reserved`: this message has its place in the budget already.
select message.id, message.kind, message.priority, message.mailing, message.guest_message, message.campaign, message.channel,
       coalesce(person.merged_into, person.id) as person, message.language, message.attempts,
       exists (select from contact_use where contact_use.message = message.id) as is_reserved
from message
join person on person.id = message.person
where message.state = 'queued' and message.due_at <= $2 and message.mailing is not distinct from $1
order by message.due_at, message.id
limit $3
for update of message skip locked;
