-- Ties the wishes of a guest to the interests that they became, brand by brand. Grain: one row per wish. $1 lead.
update fan_out_wish set interest = made.id
from (
    select distinct on (brand) id, brand from interest where lead = $1 order by brand, rank desc
) as made
where fan_out_wish.lead = $1 and fan_out_wish.interest is null and fan_out_wish.brand = made.brand;
