"""What a campaign is: its name, days, place and budget; made as a draft, changed, and claimed when leads named it before anybody planned it.

Promises that who saves over somebody else's change is refused and loses nothing, and that a change of the budget asks every partner again.
Refuses changes to a campaign that is closed.
"""

import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from crm import history, regions
from crm.database import current
from crm.errors import Fault, Invalid, NotThere, Refused

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,38}[A-Za-z0-9]")
TAKEN_WORDS = frozenset({"new", "calendar"})  # addresses of our own pages
TERMS = ("budget_fen",)  # of these facts, partners pay or take their part


class PlanIsNewer(Refused):
    sentence = "Somebody saved this campaign after you opened it. Nothing of yours is lost: look at both and choose."


class CampaignClosed(Refused):
    sentence = "This campaign is closed. Open it again first, then change it."


class NotFoundAnymore(Refused):
    sentence = "Somebody has claimed this campaign already."


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is planned; days are inclusive and in the campaign's zone, `region` is a city, the budget is in fen."""

    name: str
    starts_on: date | None = None
    ends_on: date | None = None
    time_zone: str = "Asia/Shanghai"
    region: str | None = None
    budget_fen: int | None = None
    takes_registrations: bool = True


class Planned(msgspec.Struct, frozen=True):
    """A campaign's plan as it stands."""

    id: int
    code: str
    status: str
    version: int
    terms: int
    created_at: datetime
    has_rule: bool
    plan: Plan


async def find(campaign: int) -> Planned:
    """The plan of a campaign."""
    row = await current().fetchrow(_READ, campaign)
    if row is None:
        raise NotThere
    return _planned(dict(row))


async def make(code: str, plan: Plan, *, actor: str, at: datetime) -> int:
    """A new draft; refuses a code that is no code or taken, and days or places that make no sense."""
    _check(plan, code=code)
    campaign: int | None = await current().fetchval(
        f"""
        insert into campaign (code, status, created_at, version, {", ".join(_FACTS)})
        values ($1, 'draft', $2, 1, {", ".join(f"${place}" for place in range(3, len(_FACTS) + 3))})
        on conflict (code) do nothing returning id
        """,  # noqa: S608  names of our own columns
        code,
        at,
        *_facts(plan),
    )
    if campaign is None:
        raise Invalid(errors=[Fault(path="code", message="This code is taken. Choose another one.")])
    await history.note(actor, "campaign_planned", "campaign", campaign, at=at)
    return campaign


async def change(campaign: int, plan: Plan, *, version: int, actor: str, at: datetime) -> None:
    """Keep what was changed in the plan that was opened as `version`; refuses when somebody saved it since, or it is closed."""
    before = await locked(campaign, version=version)
    _check(plan)
    changed = [name for name in _FACTS if getattr(plan, name) != getattr(before.plan, name)]
    if not changed:
        return
    await _write(campaign, plan)
    if any(name in TERMS for name in changed):
        await new_terms(campaign, actor=actor, at=at)
    await history.note(actor, "campaign_changed", "campaign", campaign, at=at, field=changed)


async def claim(campaign: int, plan: Plan, *, version: int, actor: str, at: datetime) -> None:
    """Make a campaign that leads named a draft of ours, with these values; its leads stay its own. Refuses one that is claimed."""
    before = await locked(campaign, version=version)
    if before.status != "found":
        raise NotFoundAnymore
    _check(plan)
    await _write(campaign, plan)
    await current().execute("update campaign set status = 'draft' where id = $1", campaign)
    await history.note(actor, "campaign_claimed", "campaign", campaign, at=at)


async def locked(campaign: int, *, version: int | None = None) -> Planned:
    """The plan, held until the transaction ends; refuses one that is newer than `version`, and for changes one that is closed."""
    await current().execute("select from campaign where id = $1 for update", campaign)
    found = await find(campaign)
    if version is not None and found.version != version:
        raise PlanIsNewer
    if version is not None and found.status == "closed":
        raise CampaignClosed
    return found


async def new_terms(campaign: int, *, actor: str, at: datetime) -> None:
    """Ask every partner again, for what they accepted has changed; what was scheduled waits for their answers as a draft."""
    await current().execute("update campaign set terms = terms + 1 where id = $1", campaign)
    await back_to_draft(campaign, actor=actor, at=at)


async def back_to_draft(campaign: int, *, actor: str, at: datetime) -> None:
    """What was scheduled on the strength of everybody's yes is a draft again; anything else stays what it is."""
    moved = await current().fetchval(
        "update campaign set status = 'draft' where id = $1 and status = 'scheduled' returning id", campaign
    )
    if moved is not None:
        await history.note(actor, "campaign_draft", "campaign", campaign, at=at)


async def touch(campaign: int) -> None:
    """Something of the plan changed: whoever opened it before is told."""
    await current().execute("update campaign set version = version + 1 where id = $1", campaign)


def differences(before: Plan, after: Plan) -> list[tuple[str, Any, Any]]:
    """Where two plans differ: the fact and its two values."""
    pairs = [(name, getattr(before, name), getattr(after, name)) for name in _FACTS]
    return [pair for pair in pairs if pair[1] != pair[2]]


def _check(plan: Plan, *, code: str | None = None) -> None:
    faults = []
    if code is not None and (not CODE.fullmatch(code) or code.lower() in TAKEN_WORDS):
        faults.append(Fault(path="code", message="A code is 3 to 40 letters, digits, dots or dashes."))
    if plan.starts_on and plan.ends_on and plan.ends_on < plan.starts_on:
        faults.append(Fault(path="ends_on", message="The last day cannot come before the first."))
    if plan.region is not None and (plan.region not in regions.table() or regions.city_of(plan.region) is None):
        faults.append(Fault(path="region", message="Please choose one of the list."))
    if not _is_zone(plan.time_zone):
        faults.append(Fault(path="time_zone", message="Please choose one of the list."))
    if faults:
        raise Invalid(errors=faults)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return bool(name)


async def _write(campaign: int, plan: Plan) -> None:
    changes = ", ".join(f"{name} = ${place}" for place, name in enumerate(_FACTS, start=2))
    await current().execute(
        f"update campaign set {changes}, version = version + 1 where id = $1",  # noqa: S608  names of our own columns
        campaign,
        *_facts(plan),
    )


def _facts(plan: Plan) -> list[Any]:
    return [getattr(plan, name) for name in _FACTS]


def _planned(row: dict[str, Any]) -> Planned:
    plan = Plan(**{name: row.pop(name) for name in _FACTS})
    return Planned(**row, plan=plan)


_FACTS = Plan.__struct_fields__
_READ = f"""
select id, code, status, version, terms, created_at, lead_rule is not null as has_rule, {", ".join(_FACTS)}
from campaign where id = $1
"""  # noqa: S608  names of our own columns
