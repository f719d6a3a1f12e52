-- The stores that a dealer runs on a day. Grain: one row per store. $1 dealer, $2 the local day.
select store.code, store.name_zh,
       coalesce(array_agg(brand.code order by brand.rank) filter (where brand.id is not null), '{}') as brands
from store_operator
join store on store.id = store_operator.store
left join franchise on franchise.store = store.id
     and daterange(franchise.valid_from_on, franchise.valid_until_on) @> $2::date
left join brand on brand.id = franchise.brand
where store_operator.dealer = $1 and daterange(store_operator.valid_from_on, store_operator.valid_until_on) @> $2::date
group by store.id
order by store.code;
