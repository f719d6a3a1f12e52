"""A past campaign as the pattern of a new one.

Promises a draft with the same partners, shares, goals, wording and channels (with links of their own), its events moved by as many days as the
campaign, and nothing of the people who came.
"""

from datetime import date, datetime

import msgspec

from campaigns import channels
from campaigns.planning import partners, plans
from campaigns.planning.plans import Planned
from crm import history
from crm.database import current, statement
from crm.errors import Fault, Invalid


async def clone(source: int, *, code: str, name: str, starts_on: date, actor: str, at: datetime) -> int:
    """A draft like the source, beginning on that day; the source needs a first day to count from."""
    before = await plans.find(source)
    first = before.plan.starts_on
    if first is None:
        raise Invalid(errors=[Fault(path="starts_on", message="The pattern has no first day to count from.")])
    campaign = await _plan(before, code=code, name=name, days=(starts_on - first).days, actor=actor, at=at)
    await partners.add(campaign, await partners.partnerships(source))
    await channels.copy(source, campaign, at=at)
    for part in ("clone_goals", "clone_arrangement"):
        await current().execute(statement("campaigns", part), source, campaign, *_facts(part, actor, at))
    await current().execute(statement("campaigns", "clone_events"), source, campaign, (starts_on - first).days)
    await history.note(actor, "campaign_cloned", "campaign", campaign, at=at, source=before.code)
    return campaign


async def _plan(before: Planned, *, code: str, name: str, days: int, actor: str, at: datetime) -> int:
    moved = msgspec.structs.replace(
        before.plan, name=name, starts_on=_later(before.plan.starts_on, days), ends_on=_later(before.plan.ends_on, days)
    )
    return await plans.make(code, moved, actor=actor, at=at)


def _later(day: date | None, days: int) -> date | None:
    try:
        return date.fromordinal(day.toordinal() + days) if day else None
    except (ValueError, OverflowError):
        raise Invalid(errors=[Fault(path="starts_on", message="This day is too far away.")]) from None


def _facts(part: str, actor: str, at: datetime) -> tuple[object, ...]:
    return (actor, at) if part == "clone_arrangement" else ()
