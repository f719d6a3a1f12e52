"""Sheets of an event desk in the making, and staff who bring them in step by step."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from crm.database import transaction
from crm.roles import Actor
from leads.imports import asking, working
from tests.cast import another_phone, colleague, fetch, value

AFTER_THE_SHOWS = datetime(2026, 1, 1, 4, tzinfo=UTC)
HEADER = "登记编号,活动,登记时间,姓名,手机,邮箱,地址,意向车型,意向,同意联盟营销,同意共享给品牌,同意经销商联系,备注"
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚桂英华玉兰红梅琳宇航"


def line(number: int, **said: str) -> str:
    """A row of somebody of their own; what is said stands instead."""
    n = number
    cells = {
        "number": f"R{n:06}",
        "event": "成都车展2025 联盟展台",
        "at": "2025-09-01 10:04",
        "name": SURNAMES[n % 32] + GIVEN[n // 32 % 30] + GIVEN[n // 960 % 30],
        "phone": another_phone(n),
        "email": "",
        "address": "成都市武侯区",
        "car": "问界M9",
        "intent": "购车",
        "marketing": "是",
        "brand": "是",
        "dealer": "是",
        "remark": "",
    } | said
    return ",".join(cells.values())


def sheet(*lines: str) -> bytes:
    """A file as the desks of Chengdu send it."""
    return "\n".join((HEADER, *lines)).encode("gb18030")


async def marketer() -> Actor:
    """Somebody of the alliance who may import."""
    return await colleague("alliance_marketer")


async def upload(
    content: bytes, *, actor: Actor, subject: asking.Subject = "leads", at: datetime = AFTER_THE_SHOWS
) -> UUID:
    """Step one: the file is there."""
    async with transaction():
        return await asking.begin(content, name="desk.csv", subject=subject, actor=actor, at=at)


async def settle(import_id: UUID, *, actor: Actor, source: str = "desk", **changed: str) -> None:
    """Step two: the columns as they were recognised, but for what is changed."""
    async with transaction():
        columns = (await asking.layout(import_id)).columns
        fields = [changed.get(column.name, column.field) for column in columns]
        await asking.settle(import_id, fields=fields, source=source, mode="offer", actor=actor)


async def work(at: datetime = AFTER_THE_SHOWS) -> int:
    """The worker does all that imports wait for."""
    total = 0
    while done := await working.advance(at):
        total += done
    return total


async def checked(content: bytes, *, actor: Actor, **facts: Any) -> UUID:
    """Steps one to three: uploaded, settled, dry run done."""
    import_id = await upload(content, actor=actor, **facts)
    await settle(import_id, actor=actor)
    await work()
    return import_id


async def brought_in(content: bytes, *, actor: Actor, at: datetime = AFTER_THE_SHOWS) -> UUID:
    """Steps one to four: the leads are there."""
    import_id = await checked(content, actor=actor, at=at)
    async with transaction():
        await asking.start(import_id, actor=actor, at=at)
    await work(at)
    return import_id


async def undone(import_id: UUID, *, actor: Actor, at: datetime = AFTER_THE_SHOWS) -> None:
    """Step five: what it made is gone."""
    async with transaction():
        await asking.undo(import_id, actor=actor, at=at)
    await work(at)


async def state_of(import_id: UUID) -> str:
    """Where an import stands."""
    state: str = await value("select state from import where id = $1", import_id)
    return state


async def fates_of(import_id: UUID) -> dict[str, int]:
    """How many rows have which fate."""
    rows = await fetch("select fate, count(*) from import_row where import_id = $1 group by fate", import_id)
    return dict(map(tuple, rows))


# What a house looks like to those who work in it. Ids of links are not told: a merge parted gives the same links, not the same rows.
SEEN = {
    "leads": "select id, observation, person, campaign, region, version from lead",
    "interests": "select id, lead, rank, brand, kind, stage, hold, joined from interest",
    "submissions": "select source, external_id, lead from submission",
    "observations": "select id, source, external_id from observation",
    "persons": "select id, status from person where merged_into is null",
    "open links": "select observation, person from link where closed_at is null",
    "identity keys": "select kind, match_key, observation from identity_key",
    "search keys": "select match_key, observation from search_key",
    "hubs": "select match_key, distinct_names from hub_value",
    "open offers": "select id, interest, store, state from offer where state in ('offered', 'accepted')",
    "store days": "select store, on_date, offered from store_day where offered > 0",
    "credits": "select pool_key, store, credit from store_credit where credit <> 0",
    "reviews": "select id, kind, person, other from review_task where closed_at is null",
    "touchpoints": "select id from touchpoint where retracted_at is null",
    "milestones": "select id, kind from milestone where retracted_at is null",
    "alliance tasks": "select id, interest from alliance_task where closed_at is null",
    "trade-ins": "select id, lead from trade_in",
    "vehicles": "select vehicle, person from ownership",
    "consents that count": "select consent.id from consent left join observation on observation.id = consent.observation"
    " where consent.observation is null or observation.id is not null",
}


async def seen() -> dict[str, list[tuple[Any, ...]]]:
    """Everything that anybody could see of leads and people."""
    return {what: sorted((tuple(row) for row in await fetch(query)), key=str) for what, query in SEEN.items()}


def differences(one: dict[str, list[tuple[Any, ...]]], other: dict[str, list[tuple[Any, ...]]]) -> dict[str, int]:
    """How many rows of which kind are not in both."""
    differing = {what: len(set(one[what]) ^ set(other[what])) for what in one}
    return {what: count for what, count in differing.items() if count}
