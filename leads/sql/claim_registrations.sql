-- Those of these registrations that are still due, claimed until the transaction ends. Grain: one row per registration. $1 registrations, $2 now.
select id, attempts from registration
where id = any($1::uuid[]) and leads_due_at <= $2
order by id
for update skip locked;
