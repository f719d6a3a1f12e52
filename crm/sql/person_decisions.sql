-- Why a person is one. Grain: one row per decision about an observation that is linked now, oldest first. $1 person.
select decision.at, decision.observation, decision.outcome, decision.score, decision.margin, decision.runner_up,
       decision.weights_version, decision.actor, decision.parts
from decision
join link on link.observation = decision.observation and link.closed_at is null
where link.person = $1
order by decision.at, decision.id;
