-- What dealers were given under these offers, the latest first. Grain: one row per hand-over. $1 offers.
select sharing_entry.at, store.code as store, store.name_zh as store_name, sharing_entry.fields, sharing_entry.basis
from sharing_entry join store on store.id = sharing_entry.store
where sharing_entry.offer = any($1::uuid[])
order by sharing_entry.at desc, sharing_entry.id desc
limit 20
