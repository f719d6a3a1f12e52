"""Guests of the Chengdu show, who come by the registration's own verbs, and agree that dealers may call."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from campaigns import events, registering, scheduling, showcases
from campaigns.lead_rules import LeadRule
from campaigns.registering import RegistrationBody
from campaigns.scheduling import EventSaid, SlotSaid
from crm.database import current, transaction
from tests.campaigns.registering.coming import TOMORROW, the_source
from tests.cast import AT_THE_SHOW, DAY, NOON, WANG, says, value

SHOW = "chengdu-2025"
EVENT = "chengdu-drives"


async def follows(rule: LeadRule | None) -> None:
    """The show is planned with an event to come to, and its registrations follow this rule."""
    stored = msgspec.json.encode(rule).decode() if rule else None
    async with transaction():
        await showcases.seed(at=NOON)
        campaign = await current().fetchval(
            "update campaign set lead_rule = $2 where code = $1 returning id", SHOW, stored
        )
        said = EventSaid(name="试驾日", starts_at=TOMORROW, ends_at=TOMORROW + 7 * DAY)
        event = await scheduling.add_event(EVENT, said, campaign=campaign, actor="tester", at=NOON)
        await scheduling.open_event(event, actor="tester", at=NOON)


async def registers(
    *brands: str,
    person: dict[str, str] = WANG,
    agrees: tuple[str, ...] | None = None,
    at: datetime = NOON,
    **facts: Any,
) -> UUID:
    """Somebody registers, names these brands, and agrees that dealers of these (or of all they named) may call; `facts` then stand in the row."""
    allowed = brands if agrees is None else agrees
    said = {
        "external_id": f"{at.timestamp()}-{await value('select count(*) from registration')}",
        "person": person,
        "place": AT_THE_SHOW,
        "wishes": [{"brand": brand} for brand in brands],
        "consents": [says(True, *allowed)] if allowed else [],
    }
    source = await the_source("registration-page")
    async with transaction():
        made = await registering.register(
            msgspec.convert(said, RegistrationBody),
            event=await events.known(EVENT),
            source=source,
            at=at,
            raw=msgspec.json.encode(said),
        )
        for column, fact in facts.items():
            await current().execute(f"update registration set {column} = $2 where id = $1", made.id, fact)
    return made.id


async def drives(registration: UUID, model: str, *, at: datetime) -> None:
    """The guest's drive in this car took place."""
    async with transaction():
        event = await events.known(EVENT)
        drive = SlotSaid(kind="test_drive", model=model, starts_at=TOMORROW, minutes=20, places=3)
        slot = await scheduling.add_slot(event, drive, actor="tester", at=at)
        booked = await registering.book_for(registration, slot.id, at=at, by="staff")
        await registering.mark_done(booked.id, actor="tester", at=at)


async def lead_of(registration: UUID) -> UUID | None:
    """The lead that a registration became."""
    lead: UUID | None = await value("select lead from registration where id = $1", registration)
    return lead
