-- Remembers interests that stores had on offer, for the feeds that still name them. Grain: one row per interest. $1 interests, $2 the import.
insert into undone_interest (id, lead, kind, model, import_id)
select interest.id, interest.lead, interest.kind, interest.model, $2
from interest
where interest.id = any($1::uuid[]) and exists (select from offer where offer.interest = interest.id);
