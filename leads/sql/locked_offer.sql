-- An offer of a dealer, locked until the transaction ends. Grain: one row or none. $1 offer, $2 dealer.
-- Every answer begins here: as a statement it takes a quarter of what the builder takes (0.17 against 0.72 ms of CPU, 2026-11).
select * from offer where id = $1 and dealer = $2 for update;
