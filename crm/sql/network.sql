-- The network of one day: what each store is, who runs it, what it may sell and can do, and the version this is read from.
-- Grain: one row per store that somebody runs on the day. $1 day.
select store.id, store.code, store.name_zh, store.region, store.longitude, store.latitude, store.daily_capacity, store.weight,
       operator.dealer,
       array(
           select franchise.brand from franchise
           where franchise.store = store.id and franchise.valid_from_on <= $1
                 and (franchise.valid_until_on is null or franchise.valid_until_on > $1)
       ) as brands,
       array(select capability from store_capability where store_capability.store = store.id) as capabilities,
       (select max(id) from network_version) as version
from store
join store_operator as operator
     on operator.store = store.id and operator.valid_from_on <= $1
        and (operator.valid_until_on is null or operator.valid_until_on > $1)
order by store.code;
