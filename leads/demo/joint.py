"""The two shows as the alliance planned them: partners with shares and terms, ways to come, goals, and drives to book.

Promises that everything goes through the verbs of planning, at the moments at which it would have happened; whoever accepts for a brand works
for that brand.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import NamedTuple
from uuid import uuid4

import msgspec

from campaigns import channels, scheduling
from campaigns.figures import Figure
from campaigns.lead_rules import LeadRule
from campaigns.planning import arrangements, goals, partners, plans, stages
from campaigns.planning.partners import Partnership
from campaigns.planning.plans import Plan
from campaigns.scheduling import EventSaid, SlotSaid
from campaigns.showcases import Showcase
from crm import reference, regions, staff
from crm.database import current
from crm.network import LOCAL
from crm.roles import Actor
from crm.staff import Duty

PLANNER = "demo"
# They are not among the roles that a visitor may be: the brands' own word is theirs.
FOR_THEIR_BRANDS = "demo-brands"
BEFORE = timedelta(days=21)


class Joined(NamedTuple):
    """A brand's part in both shows, and who said yes for it."""

    brand: str
    login: str
    name: str
    percent: int
    goals: dict[Figure, int]


JOINED = (
    Joined("aito", "qin.yue", "秦月", 34, {Figure.lead: 1500, Figure.test_drive: 260, Figure.order: 60}),
    Joined("luxeed", "he.lan", "贺兰", 24, {Figure.lead: 800, Figure.test_drive: 140, Figure.order: 30}),
    Joined("stelato", "ji.zhou", "纪舟", 18, {Figure.lead: 560, Figure.test_drive: 100, Figure.order: 22}),
    Joined("maextro", "bai.chuan", "白川", 6, {Figure.lead: 380, Figure.test_drive: 60, Figure.order: 12}),
    Joined("shangjie", "lu.yao", "陆遥", 18, {Figure.lead: 640, Figure.test_drive: 110, Figure.order: 26}),
)
BUDGET_FEN = 480_000_000
# Code, name and medium of the ways to a show, and how many of a hundred guests come by each.
WAYS = (
    ("stand", "现场登记台", "booth", 18),
    ("sms", "邀请短信", "sms", 34),
    ("poster", "门店海报二维码", "poster", 22),
    ("feed", "短视频信息流", "social", 26),
)
TERMS_ZH = (
    "一、五个品牌与联盟运营方共同决定本次展台登记信息的处理目的和方式，对来宾承担连带责任。二、运营方保存登记、同意和到访记录；"
    "品牌只能看到同意告知该品牌的来宾，门店只能看到同意交给门店的来宾。三、任何一方收到撤回，即视为各方收到，并在一个工作日内通知各接收方。"
    "四、各方按分摊比例承担费用；比例变更须由全体品牌重新确认。"
)
TERMS_EN = (
    "1. The five brands and the alliance operator decide together why and how registrations at this stand are processed, and answer to guests "
    "jointly. 2. The operator keeps registrations, consents and visits; a brand sees guests who agreed that it may, a store those who agreed "
    "to be passed on. 3. A withdrawal told to one of us is told to all of us, and every receiver hears of it within one working day. "
    "4. Costs are shared as stated; a change of shares needs every brand's yes again."
)
DRIVES = (
    ("M9", "问界 M9 试驾", 4),
    ("R7", "智界 R7 试驾", 4),
    ("S9T", "享界 S9T 试驾", 3),
    ("S800", "尊界 S800 品鉴", 2),
)
HOURS = (10, 15)


async def plan(show: Showcase, *, city: str, venue: str, rule: LeadRule) -> None:
    """Have this show as a campaign that every brand agreed to, scheduled three weeks before it begins."""
    at = _local(show.starts_on, 10) - BEFORE
    words = await reference.load()
    said = Plan(name=show.name, starts_on=show.starts_on, ends_on=show.ends_on, region=city, budget_fen=BUDGET_FEN)
    campaign = await plans.make(show.code, said, actor=PLANNER, at=at)
    parts = [
        Partnership(words.brands[one.brand].id, "host" if one is JOINED[0] else "partner", Fraction(one.percent, 100))
        for one in JOINED
    ]
    await partners.put(campaign, parts, version=await _version(campaign), actor=PLANNER, at=at)
    await arrangements.publish(
        campaign, zh=TERMS_ZH, en=TERMS_EN, version=await _version(campaign), actor=PLANNER, at=at
    )
    await goals.put(
        campaign,
        {words.brands[one.brand].id: one.goals for one in JOINED},
        version=await _version(campaign),
        actor=PLANNER,
        at=at,
    )
    for code, name, medium, _ in WAYS:
        await channels.add(campaign, code=code, name=name, medium=medium, actor=PLANNER, at=at)
    await _open_event(show, campaign, city=city, venue=venue, at=at)
    await current().execute(
        "update campaign set lead_rule = $2 where id = $1", campaign, msgspec.json.encode(rule).decode()
    )
    for one in JOINED:
        terms = (await plans.find(campaign)).terms
        await arrangements.accept(campaign, terms=terms, actor=await representative(one, at=at), at=at)
    await stages.schedule(campaign, actor=PLANNER, at=at)


async def _open_event(show: Showcase, campaign: int, *, city: str, venue: str, at: datetime) -> None:
    said = EventSaid(
        name=show.name,
        starts_at=_local(show.starts_on, 9),
        ends_at=_local(show.ends_on, 18),
        venue=venue,
        city=regions.table()[city].name,
        offer_minutes=120,
    )
    event = await scheduling.add_event(show.code, said, campaign=campaign, actor=PLANNER, at=at)
    for drive in _drives(show):
        await scheduling.add_slot(event, drive, actor=PLANNER, at=at)
    await scheduling.open_event(event, actor=PLANNER, at=at)


def _drives(show: Showcase) -> Iterator[SlotSaid]:
    day = show.starts_on
    while day <= show.ends_on:
        for hour in HOURS:
            for model, name, places in DRIVES:
                starts = _local(day, hour)
                yield SlotSaid(kind="test_drive", starts_at=starts, minutes=40, places=places, name=name, model=model)
        day += timedelta(days=1)


async def representative(one: Joined, *, at: datetime) -> Actor:
    """Somebody who works for the brand and may say yes for it."""
    known = await current().fetchval("select id from staff where login = $1", one.login)
    duty = Duty("brand_marketer", brand=one.brand)
    number = known or await staff.add(
        one.login, name=one.name, duty=duty, password_hash=None, actor=FOR_THEIR_BRANDS, at=at
    )
    brand = (await reference.load()).brands[one.brand].id
    return Actor(id=number, login=one.login, name=one.name, role="brand_marketer", brand=brand, session=uuid4())


async def _version(campaign: int) -> int:
    return (await plans.find(campaign)).version


def _local(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=LOCAL)
