"""Today in figures: leads and how far they came, how fast stores answer, what is late and held, by brand and by campaign.

Promises that a figure with a list is counted like that list, under the reader's scope; and that figures of brands and campaigns, which
name nobody, are there for those as well who may see no lead. A day begins at midnight of the alliance.
"""

import time
from datetime import date, datetime, timedelta

import msgspec
from asyncpg import Record

from campaigns.touchpoints import Fact
from crm.database import current
from crm.languages import number
from crm.network import local_day
from crm.roles import EVERYTHING, Condition, Scope, numbered
from leads import kinds
from leads.lists import counts, days, filters
from leads.lists.counts import Count
from leads.lists.query import Query

RUNNING = 2
KEPT_FOR, LONG = timedelta(seconds=30), 0.1  # seconds that counting took
FEW = 20
LAST_ANSWERS = 1000  # enough for a median, whatever the day
ANSWERED = ",".join(code for code, rank in kinds.RANKS.items() if kinds.RANKS["accepted"] <= rank < kinds.RANKS["lost"])
DRIVEN = ",".join(code for code, rank in kinds.RANKS.items() if kinds.RANKS["test_drive"] <= rank < kinds.RANKS["lost"])

TODAY = Query({"since": "today"})
ACCEPTED_TODAY = TODAY.changed(stage=ANSWERED)
DRIVEN_LATELY = Query({"since": "7-days", "stage": DRIVEN})


class Figures(msgspec.Struct, frozen=True):
    """What the tiles show; `yesterday` is how many there were at this time of the day before, `answer_minutes` the median of the last answers."""

    leads: Count
    yesterday: int
    accepted: Count
    answers: int
    answer_minutes: float | None
    driven: Count
    queues: dict[str, Count]
    longest_late: timedelta | None
    no_consent: Count

    @property
    def growth(self) -> float | None:
        """Against yesterday; None where a share of so few would say nothing."""
        return (self.leads.leads - self.yesterday) / self.yesterday if self.yesterday >= FEW else None


class BrandToday(msgspec.Struct, frozen=True):
    """How many leads asked for a brand today, and how many of them a store took."""

    brand: int
    leads: int
    accepted: int


class Show(msgspec.Struct, frozen=True):
    """A campaign of these days."""

    code: str
    name: str
    starts_on: date
    ends_on: date

    def day_of(self, day: date) -> tuple[int, int] | None:
        """Which day of how many it is; None before and after."""
        length = (self.ends_on - self.starts_on).days + 1
        passed = (day - self.starts_on).days + 1
        return (passed, length) if 1 <= passed <= length else None


class Running(Show, frozen=True):
    """The same with how many leads of it came to which step."""

    leads: int
    accepted: int
    test_drives: int
    orders: int


class _Kept(msgspec.Struct, frozen=True):
    at: datetime
    found: list[Running]


_kept: dict[tuple[int | None, date], _Kept] = {}


async def figures(scope: Scope, *, at: datetime) -> Figures:
    """The tiles of somebody who may see leads."""
    midnight = days.begin(local_day(at))
    answers = await _row(_ANSWERS, scope, midnight, at)
    late = await _row(_LATEST, scope, at)
    without_consent = await _row(_WITHOUT_CONSENT, scope)
    return Figures(
        leads=await _counted(TODAY, scope, at),
        yesterday=await _before(scope, midnight, at),
        accepted=await _counted(ACCEPTED_TODAY, scope, at),
        answers=answers["answers"],
        answer_minutes=answers["minutes"],
        driven=await _counted(DRIVEN_LATELY, scope, at),
        queues=await counts.of_queues(scope, at=at),
        longest_late=at - late["due_at"] if late["due_at"] else None,
        no_consent=Count(without_consent["waiting"], counts.MOST_IN_TABS),
    )


async def brands(scope: Scope, *, at: datetime) -> list[BrandToday]:
    """Every brand that was asked for today; figures alone."""
    text, values = numbered(_BRANDS, [_figures_of(scope)], days.begin(local_day(at)), ANSWERED.split(","))
    return [BrandToday(**row) for row in await current().fetch(text, *values)]


async def shows(scope: Scope, *, at: datetime) -> list[Show]:
    """The campaigns that run today, else the ones that ended last."""
    text, values = numbered(_SHOWS, [_partner_of(scope)], local_day(at), RUNNING)
    return [Show(**row) for row in await current().fetch(text, *values)]


async def campaigns(scope: Scope, *, at: datetime) -> list[Running]:
    """The same with their figures, of the reader's brands alone; what took long to count is at most `KEPT_FOR` old."""
    whose = (scope.brand, local_day(at))
    if (kept := _kept.get(whose)) and timedelta() <= at - kept.at < KEPT_FOR:
        return kept.found
    if kept:
        # While one counts again, all others are told what was counted last.
        _kept[whose] = _Kept(at, kept.found)
    began = time.monotonic()
    brand = scope.of_brands("milestone.brand")
    text, values = numbered(_CAMPAIGNS, [*[brand] * len(_STEPS), _partner_of(scope)], local_day(at), RUNNING)
    found = [Running(**row) for row in await current().fetch(text, *values)]
    _keep(whose, found, at=at, took=time.monotonic() - began)
    return found


def minutes(value: float | None) -> str:
    """7, 0.5 or a dash."""
    if value is None:
        return "–"
    return number(value, 0 if value >= 1 and round(value, 1) % 1 == 0 else 1)


def _keep(whose: tuple[int | None, date], found: list[Running], *, at: datetime, took: float) -> None:
    # Of a small house everybody sees the very last lead.
    for old in [one for one in _kept if one == whose or one[1] != whose[1]]:
        del _kept[old]
    if took > LONG:
        _kept[whose] = _Kept(at, found)


async def _counted(query: Query, scope: Scope, at: datetime) -> Count:
    return await counts.of_list(await filters.read(query, scope=scope, at=at))


async def _before(scope: Scope, midnight: datetime, at: datetime) -> int:
    a_day = timedelta(days=1)
    return int((await _row(_CAPTURED, scope, midnight - a_day, at - a_day))["leads"])


async def _row(text: str, scope: Scope, *first: object) -> Record:
    bound, values = numbered(text, [scope.of_interests("interest")], *first)
    [row] = await current().fetch(bound, *values)
    return row


def _figures_of(scope: Scope) -> Condition:
    # Counts name nobody: whoever may see figures may see those of their brands, even without seeing a lead.
    return scope.of_interests("interest") if scope.actor.may("leads.see") else scope.of_brands("interest.brand")


def _partner_of(scope: Scope) -> Condition:
    if scope.brand is None:
        return EVERYTHING
    text = "exists (select from partner where partner.campaign = campaign.id and partner.brand = {})"
    return Condition(text, (scope.brand,))


_CAPTURED = """
select count(distinct interest.lead) as leads from interest
where interest.captured_at >= $1 and interest.captured_at < $2 and {}
"""
_ANSWERS = f"""
select count(*) as answers,
       percentile_cont(0.5) within group (order by extract(epoch from accepted.at - offered.at) / 60)::float8 as minutes
from (
    -- Each answer of the day is looked up (the limit keeps it so): of a narrow scope the planner would rather read every interest there is.
    select milestone.interest, milestone.at from milestone
    cross join lateral (select from interest where interest.id = milestone.interest and {{}} limit 1) as seen
    where milestone.at >= $1 and milestone.at <= $2 and milestone.retracted_at is null and milestone.kind = {Fact.accepted:d}
    order by milestone.at desc, milestone.id desc limit {LAST_ANSWERS}
) as accepted
join lateral (
    select before.at from milestone as before
    where before.interest = accepted.interest and before.kind = {Fact.offered:d} and before.at <= accepted.at
          and before.retracted_at is null
    order by before.at desc limit 1
) as offered on true
"""  # noqa: S608  numbers of our own
_LATEST = """
select (
    select offer.answer_due_at from offer join interest on interest.id = offer.interest
    where offer.state = 'offered' and offer.answer_due_at <= $1 and {}
    order by offer.answer_due_at, offer.id limit 1
) as due_at
"""
_WITHOUT_CONSENT = f"""
select count(*) as waiting from (
    select from interest where interest.hold = 'no_consent' and {{}} limit {counts.MOST_IN_TABS + 1}
) as held
"""  # noqa: S608  numbers of our own
_BRANDS = """
select interest.brand, count(distinct interest.lead) as leads,
       count(distinct interest.lead) filter (where interest.stage = any($2)) as accepted
from interest join brand on brand.id = interest.brand
where interest.captured_at >= $1 and {}
group by interest.brand, brand.rank order by brand.rank
"""
_SHOWS = """
select campaign.code, campaign.name, campaign.starts_on, campaign.ends_on from campaign
where campaign.starts_on <= $1 and campaign.ends_on is not null and {}
order by campaign.ends_on >= $1 desc, campaign.ends_on desc, campaign.id desc limit $2
"""
_STEPS = {"leads": Fact.lead, "accepted": Fact.accepted, "test_drives": Fact.test_drive, "orders": Fact.order}
# A lead counts once however many of its interests came so far: told apart along an index, without a look at the table.
_CAME_TO = """
(select count(*) from (
    select distinct milestone.lead from milestone
    where milestone.campaign = campaign.id and milestone.kind = %(fact)d and milestone.retracted_at is null and {}
) as told) as %(step)s"""
_CAMPAIGNS = f"""
select campaign.code, campaign.name, campaign.starts_on, campaign.ends_on,
       {",".join(_CAME_TO % {"step": step, "fact": fact} for step, fact in _STEPS.items())}
from ({_SHOWS}) as shown
join campaign on campaign.code = shown.code
order by campaign.ends_on >= $1 desc, campaign.ends_on desc, campaign.id desc
"""  # noqa: S608  pieces of our own
