-- People who came several times and by several ways. Grain: one row per person, the most travelled first, then the longest known.
-- $1 fewest, $2 most observations, $3 limit.
select link.person
from link
join observation on observation.id = link.observation
join source on source.id = observation.source and not source.test
left join lead on lead.observation = link.observation
where link.closed_at is null
group by link.person
having count(*) between $1 and $2
order by count(distinct lead.campaign) desc, count(distinct observation.source) desc, link.person
limit $3;
