-- Merges in force that the machine made because of an import's observations, latest first. Grain: one row per merge.
-- $1 import, $2 the machine's name, $3 persons that are to stay as they are, $4 limit.
-- A batch has one moment: that of its observations is that of the merges they caused. What lies beneath a later merge waits for it.
select merge.* from merge
where merge.actor = $2 and merge.undone_at is null
      and merge.at in (select distinct received_at from observation where import_id = $1)
      and exists (
          select from link join observation on observation.id = link.observation
          where link.person = merge.survivor and link.closed_at is null
                and observation.import_id = $1 and observation.received_at = merge.at
      )
      and merge.survivor <> all($3::uuid[])
      and not exists (select from merge as later where later.loser = merge.survivor and later.undone_at is null)
order by merge.at desc, merge.id desc
limit $4;
