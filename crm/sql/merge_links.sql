-- The loser's open links go over to the survivor: closed, opened anew with a decision of their own, and both remembered.
-- Grain: one row per link moved. $1 merge, $2 loser, $3 survivor, $4 actor, $5 at, $6 weights version,
-- $7 ids for the new decisions, $8 ids for the new links, as many as the loser has open links; $9 the decisions' parts.
with closed as (
    update link set closed_at = $5 where person = $2 and closed_at is null returning id, observation
), numbered as (
    select id, observation, row_number() over (order by id) as place from closed
), decided as (
    insert into decision (id, observation, person, outcome, parts, weights_version, actor, at)
    select ($7::uuid[])[place], observation, $3, 'merged', $9, $6, $4, $5 from numbered
), opened as (
    insert into link (id, observation, person, decision, opened_at)
    select ($8::uuid[])[place], observation, $3, ($7::uuid[])[place], $5 from numbered
)
insert into merged_link (merge, closed, opened)
select $1, id, ($8::uuid[])[place] from numbered
returning closed;
