"""The way of a campaign: draft, scheduled, live, closed; by its days, or by hand with a reason.

Promises that nothing is scheduled over a blocker of its checklist, that a campaign begins and ends on its own calendar, and that whoever opens a
closed one again brings it back as a draft, which passes the checklist like every other.
"""

from datetime import datetime

from campaigns.planning import checklist, plans
from crm import history
from crm.database import current, transaction
from crm.errors import Refused
from crm.work import Job

MOST = 100  # campaigns that are moved at once


class NotReady(Refused):
    sentence = "The checklist has {count} blockers. Put these right first."


class WrongStage(Refused):
    sentence = "A campaign that is {status} cannot go this way."


async def schedule(campaign: int, *, actor: str, at: datetime) -> None:
    """Let a draft begin by itself on its first day; refuses one with blockers."""
    await _at_stage(campaign, "draft")
    if held := checklist.blockers(await checklist.lines(campaign, at=at)):
        raise NotReady(count=len(held))
    await _move(campaign, "scheduled", actor=actor, at=at)


async def unschedule(campaign: int, *, actor: str, at: datetime) -> None:
    """Take a scheduled campaign back to the drawing board."""
    await _at_stage(campaign, "scheduled")
    await _move(campaign, "draft", actor=actor, at=at)


async def go_live(campaign: int, *, reason: str, actor: str, at: datetime) -> None:
    """Begin a scheduled campaign before its day."""
    await _at_stage(campaign, "scheduled")
    await _move(campaign, "live", actor=actor, at=at, reason=reason)


async def close(campaign: int, *, reason: str, actor: str, at: datetime) -> None:
    """End a campaign by hand; its links say that it is over from now on."""
    await _at_stage(campaign, "draft", "scheduled", "live")
    await _move(campaign, "closed", actor=actor, at=at, reason=reason)


async def reopen(campaign: int, *, reason: str, actor: str, at: datetime) -> None:
    """Bring a closed campaign back as a draft."""
    await _at_stage(campaign, "closed")
    await _move(campaign, "draft", actor=actor, at=at, reason=reason)


async def advance(at: datetime) -> int:
    """Begin and end what is due on its own calendar; says how many were moved."""
    async with transaction():
        # Not waiting for a campaign that somebody is changing: the next round, half a second later, finds it.
        due = await current().fetch(_DUE, at, MOST)
        for row in due:
            await _move(row["id"], row["next"], actor="system", at=at)
    return len(due)


async def _at_stage(campaign: int, *expected: str) -> None:
    found = await plans.locked(campaign)
    if found.status not in expected:
        raise WrongStage(status=found.status)


async def _move(campaign: int, status: str, *, actor: str, at: datetime, reason: str | None = None) -> None:
    await current().execute("update campaign set status = $2, version = version + 1 where id = $1", campaign, status)
    if status == "closed":
        # What is over invites nobody and takes nobody in; opened again, each of these waits for people of ours.
        await current().execute("update event set is_open = false where campaign = $1 and is_open", campaign)
        await current().execute(_HOLD_MAILINGS, campaign)
    why = {"reason": reason} if reason else {}
    await history.note(actor, f"campaign_{status}", "campaign", campaign, at=at, **why)


_HOLD_MAILINGS = """
update mailing set state = 'held', version = version + 1 where campaign = $1 and state in ('planned', 'running')
"""
# Grain: one row per campaign whose day has come; a scheduled one whose last day passed goes over live to closed. $1 now, $2 limit.
_DUE = """
select id, case status when 'scheduled' then 'live' else 'closed' end as next
from campaign
where status = 'scheduled' and starts_on <= ($1::timestamptz at time zone time_zone)::date
      or status = 'live' and ends_on < ($1::timestamptz at time zone time_zone)::date
order by id limit $2
for update skip locked
"""
JOB = Job("campaigns", advance)
