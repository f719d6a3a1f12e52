-- The links that a merge opened are closed, with a decision that says so; those that it closed in their place are to be opened again.
-- What was taken back since (a correction) stays taken back. Grain: one row per link to give back.
-- $1 merge, $2 actor, $3 at, $4 weights version, $5 ids for the decisions.
with gone as (
    update link set closed_at = $3
    from merged_link
    where merged_link.merge = $1 and link.id = merged_link.opened and link.closed_at is null
    returning merged_link.closed
), back as (
    select link.id, link.observation, link.person, row_number() over (order by link.id) as place
    from gone join link on link.id = gone.closed
), decided as (
    insert into decision (id, observation, person, outcome, parts, weights_version, actor, at)
    select ($5::uuid[])[place], observation, person, 'unmerged', '[]', $4, $2, $3 from back
)
select id as closed from back;
