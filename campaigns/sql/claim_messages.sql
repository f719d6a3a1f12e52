-- The next messages of one mailing that are due. Grain: one row per message, locked. $1 mailing, $2 now, $3 limit.
-- SKIP LOCKED lets several workers share a mailing. Somebody whose import was undone is nobody we may write to: they come too, to be told so.
-- `person` is who they are today; `is_reserved`: this message has its place in the budget already.
select message.id, message.kind, message.priority, message.mailing, message.guest_message, message.campaign, message.channel,
       coalesce(person.merged_into, message.person) as person, message.language, message.attempts,
       exists (select from contact_use where contact_use.message = message.id) as is_reserved
from message
left join person on person.id = message.person
where message.state = 'queued' and message.due_at <= $2 and message.mailing = $1
order by message.due_at, message.id
limit $3
for update of message skip locked;
