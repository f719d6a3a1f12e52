-- Registrations that their campaign's lead rule has to look at, claimed until the transaction ends. Grain: one row per registration.
-- $1 now, $2 limit.
select id, attempts from registration
where leads_due_at <= $1
order by leads_due_at, id
limit $2
for update skip locked;
