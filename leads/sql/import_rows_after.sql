-- Rows of an import with one fate, in the order of the file after a number, with the lead or the guest that was made. Grain: one row per row of the file.
-- $1 import, $2 fate, $3 number, $4 limit.
select import_row.row_no, import_row.fate, import_row.reason, lead.id as lead, registration.id as guest
from import_row
left join lead on lead.observation = import_row.observation
left join registration on registration.observation = import_row.observation
where import_row.import_id = $1 and import_row.fate = $2 and import_row.row_no > $3::bigint
order by import_row.row_no
limit $4;
