"""Campaigns for tests: a draft, and one that has all its checklist asks for."""

from datetime import date
from fractions import Fraction

from campaigns import channels
from campaigns.figures import Figure
from campaigns.planning import arrangements, goals, partners, plans, stages
from campaigns.planning.partners import Partnership
from campaigns.planning.plans import Plan
from crm import reference
from crm.database import current, transaction
from crm.roles import Actor
from tests.cast import NOON, colleague

ME = "staff:1"
FIRST, LAST = date(2025, 8, 29), date(2025, 9, 7)
SHOW = Plan(name="成都车展联合展", starts_on=FIRST, ends_on=LAST, region="510100", budget_fen=10000)


async def brand(code: str = "aito") -> int:
    return (await reference.load()).brands[code].id


async def a_draft(code: str = "cd-show", *brands: str, plan: Plan = SHOW) -> int:
    """A draft whose brands (AITO and Luxeed) share equally."""
    codes = brands or ("aito", "luxeed")
    async with transaction():
        campaign = await plans.make(code, plan, actor=ME, at=NOON)
        await partners.add(campaign, [Partnership(await brand(one), share=Fraction(1, len(codes))) for one in codes])
    return campaign


async def publish(campaign: int, text: str = "共享") -> None:
    async with transaction():
        await arrangements.publish(
            campaign, zh=text, en="We share.", version=await version(campaign), actor=ME, at=NOON
        )


async def accept(campaign: int, *codes: str) -> None:
    """Each of these brands accepts by somebody of its own."""
    for code in codes:
        who = await colleague("brand_marketer", brand=code)
        async with transaction():
            await arrangements.accept(campaign, terms=await terms(campaign), actor=who, at=NOON)


async def an_event(
    campaign: int, code: str = "cd-show-1", *, first: date = FIRST, last: date = LAST, is_open: bool = True
) -> int:
    async with transaction():
        made: int = await current().fetchval(
            """
            insert into event (campaign, code, name, starts_on, ends_on, starts_at, ends_at, is_open)
            select id, $2, $2, $3::date, $4::date, $3::date::timestamp at time zone time_zone + interval '9 hours',
                   $4::date::timestamp at time zone time_zone + interval '18 hours', $5
            from campaign where id = $1 returning id
            """,
            campaign, code, first, last, is_open,
        )  # fmt: skip
        return made


async def a_channel(campaign: int, code: str = "CD-POSTER") -> channels.Channel:
    async with transaction():
        await channels.add(campaign, code=code, name="门店海报", medium="poster", actor=ME, at=NOON)
        return await channels.find(campaign, code)


async def a_ready_one(code: str = "cd-show", *brands: str) -> int:
    """A draft that nothing stands in the way of."""
    campaign = await a_draft(code, *brands)
    await publish(campaign)
    await an_event(campaign, f"{code}-1")
    await a_channel(campaign)
    await accept(campaign, *(brands or ("aito", "luxeed")))
    return campaign


async def a_live_one(code: str = "cd-show", *brands: str) -> int:
    campaign = await a_ready_one(code, *brands)
    async with transaction():
        await stages.schedule(campaign, actor=ME, at=NOON)
    await stages.advance(NOON)
    return campaign


async def set_goal(campaign: int, code: str, figure: Figure, number: int) -> None:
    async with transaction():
        wanted = await goals.of_campaign(campaign)
        wanted.setdefault(await brand(code), {})[figure] = number
        await goals.put(campaign, wanted, version=await version(campaign), actor=ME, at=NOON)


async def version(campaign: int) -> int:
    return (await plans.find(campaign)).version


async def terms(campaign: int) -> int:
    return (await plans.find(campaign)).terms


async def status(campaign: int) -> str:
    async with transaction():
        return (await plans.find(campaign)).status


async def somebody(role="brand_marketer", code=None) -> Actor:
    return await colleague(role, brand=code)
