-- Whether a dealer runs a store or ever did. Grain: one row. $1 dealer, $2 store code.
select exists (
    select from store_operator join store on store.id = store_operator.store
    where store_operator.dealer = $1 and store.code = $2
);
