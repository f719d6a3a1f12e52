"""Lists of guests in the making, and staff who bring them in step by step."""

from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns.events import EventFacts
from crm.database import transaction
from crm.roles import Actor
from leads.imports import asking
from tests.cast import NOON, another_phone, fetch
from tests.leads.imports.sheets import SURNAMES, work

HEADER = "嘉宾编号,登记时间,姓名,手机,邮箱,语言,城市,意向车型,预约时段,同意联盟营销,同意共享给品牌,同意经销商联系"


def guest(number: int, **said: str) -> str:
    """A row of somebody of their own; what is said stands instead."""
    cells = {
        "number": f"G{number:04}",
        "at": "2025-08-20 10:04",
        "name": f"{SURNAMES[number % 32]}客{SURNAMES[number // 32 % 32]}",
        "phone": another_phone(700 + number),
        "email": "",
        "language": "",
        "city": "成都市武侯区",
        "car": "问界M9",
        "slot": "",
        "marketing": "是",
        "brand": "是",
        "dealer": "",
    } | said
    return ",".join(cells.values())


def guests(*lines: str) -> bytes:
    """A list as a brand's own people keep it."""
    return "\n".join((HEADER, *lines)).encode("gb18030")


async def begun(content: bytes, event: EventFacts, *, actor: Actor, at: datetime = NOON) -> UUID:
    """Step one: the list is there."""
    async with transaction():
        return await asking.begin_guests(content, event=event.id, name="guests.csv", actor=actor, at=at)


async def checked(content: bytes, event: EventFacts, *, actor: Actor, at: datetime = NOON, **changed: str) -> UUID:
    """Steps one to three: the dry run is done."""
    import_id = await begun(content, event, actor=actor, at=at)
    async with transaction():
        columns = (await asking.layout(import_id)).columns
        fields = [changed.get(column.name, column.field) for column in columns]
        await asking.settle(import_id, fields=fields, actor=actor)
    await work(at)
    return import_id


async def brought_in(content: bytes, event: EventFacts, *, actor: Actor, at: datetime = NOON) -> UUID:
    """Steps one to four: the guests are there."""
    import_id = await checked(content, event, actor=actor, at=at)
    async with transaction():
        await asking.start(import_id, actor=actor, at=at)
    await work(at)
    return import_id


async def told(import_id: UUID, *, actor: Actor, at: datetime = NOON) -> int:
    """The guests are written to."""
    async with transaction():
        return await asking.tell_guests(import_id, actor=actor, at=at)


async def reasons_of(import_id: UUID) -> list[tuple[int, str, str]]:
    """Row, fate and what is said of it, where something is."""
    query = "select row_no, fate, reason from import_row where import_id = $1 and reason is not null order by row_no"
    return [tuple(row) for row in await fetch(query, import_id)]


# What a house looks like to those who work with guests, beside what `sheets.SEEN` tells of it.
SEEN = {
    "registrations": "select id, state, position, joins from registration",
    "bookings": "select id, state, position, joins from booking",
    "wishes": "select registration, brand, model from registration_wish",
    "messages": "select id, registration, kind, told_at from guest_message",
    "places": "select id, taken from event union all select -id, taken from slot",
}


async def seen() -> dict[str, list[tuple[Any, ...]]]:
    """Everything that anybody could see of guests."""
    return {what: sorted((tuple(row) for row in await fetch(query)), key=str) for what, query in SEEN.items()}
