"""An event in Chengdu to come to: open, with a slot where one is wanted, and guests who say so."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import msgspec

from campaigns import events, occasions, registering, scheduling
from campaigns.events import EventFacts, SlotFacts
from campaigns.registering import Booked, BookingBody, Registered, RegistrationBody
from campaigns.scheduling import EventSaid, SlotSaid
from crm import access
from crm.database import current, transaction
from crm.sources import Sender, sender
from tests.cast import DAY, NOON, another_phone

TOMORROW = NOON + DAY + timedelta(hours=2)
_numbers = count(1)


async def an_event(code: str = "tent", *, partners: tuple[str, ...] = (), **facts: Any) -> EventFacts:
    """An open event from tomorrow afternoon on; `partners` are brands by code."""
    usual: dict[str, Any] = {"name": "联合展", "starts_at": TOMORROW, "ends_at": TOMORROW + timedelta(hours=4)}
    said = EventSaid(**usual | facts)
    async with transaction():
        campaign = await occasions.campaign_of(code, at=NOON)
        for brand in partners:
            await current().execute(
                "insert into partner (campaign, brand) select $1, id from brand where code = $2", campaign, brand
            )
        event = await scheduling.add_event(code, said, campaign=campaign, actor="tester", at=NOON)
        await scheduling.open_event(event, actor="tester", at=NOON)
        return await events.known(code)


async def a_slot(event: EventFacts, *, places: int = 1, **facts: Any) -> SlotFacts:
    """A test drive of an M9, tomorrow."""
    usual: dict[str, Any] = {
        "kind": "test_drive",
        "model": "M9",
        "starts_at": TOMORROW,
        "minutes": 40,
        "places": places,
    }
    said = SlotSaid(**usual | facts)
    async with transaction():
        return await scheduling.add_slot(event, said, actor="tester", at=NOON)


async def the_source(code: str = "web") -> Sender:
    async with transaction():
        return await sender(await access.make_source(code, kind="web_form"))


def somebody(**facts: Any) -> dict[str, Any]:
    """A guest like no other."""
    number = next(_numbers)
    return {"name": f"客人{number}", "phone": another_phone(number)} | facts


def body(**facts: Any) -> dict[str, Any]:
    return {"external_id": f"R{next(_numbers)}", "person": somebody()} | facts


async def comes(
    event: EventFacts, *, at: datetime = NOON, slot: int | None = None, by: str = "web", **facts: Any
) -> Registered:
    """Somebody registers."""
    said = body(**facts)
    source = await the_source(by)
    async with transaction():
        return await registering.register(
            msgspec.convert(said, RegistrationBody),
            event=event,
            source=source,
            at=at,
            raw=msgspec.json.encode(said),
            slot=slot,
        )


async def books(event: EventFacts, slot: SlotFacts, *, at: datetime = NOON, by: str = "web", **facts: Any) -> Booked:
    """Somebody books a place."""
    said = body(**facts)
    source = await the_source(by)
    async with transaction():
        return await registering.book(
            msgspec.convert(said, BookingBody),
            event=event,
            slot=slot.id,
            source=source,
            at=at,
            raw=msgspec.json.encode(said),
        )
