-- What stands of each store: who runs it, what it may sell and can do, now. Grain: one row per store.
select store.code, store.region, store.kind, store.name_zh, store.longitude, store.latitude, store.daily_capacity, store.weight,
       store.opens, store.closes, dealer.code as dealer,
       array(
           select brand.code from franchise join brand on brand.id = franchise.brand
           where franchise.store = store.id and franchise.valid_until_on is null
       ) as brands,
       array(select capability from store_capability where store_capability.store = store.id) as services
from store
left join store_operator on store_operator.store = store.id and store_operator.valid_until_on is null
left join dealer on dealer.id = store_operator.dealer;
