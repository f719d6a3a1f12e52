"""Commands about events: plan them and their slots, open and close them for registration."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from campaigns import events, guest_links, occasions, scheduling
from campaigns.events import EventFacts
from campaigns.scheduling import EventSaid, SlotKind, SlotSaid
from crm import database
from crm.terminal import answer, as_json, fail, with_database

ACTOR = "staff:cli"


@click.group(name="events")
def events_group() -> None:
    """Events that people register for."""


@events_group.command(name="list")
@as_json
@with_database
async def list_events(*, json_line: bool) -> None:
    """List all events, the newest first, with how many hold a place."""
    async with database.transaction():
        found = await events.all_of_them()
    text = "\n".join(_line(one) for one in found) or "no event is planned yet"
    answer([_told(one) for one in found], json_line=json_line, text=text)


@events_group.command()
@click.option("--code", required=True, help="Letters, digits and dashes; it stands in the address.")
@click.option("--name", required=True)
@click.option("--starts", required=True, help="2026-05-01 or 2026-05-01T10:00, on the clocks of the campaign.")
@click.option("--ends", help="The same; a day is included.")
@click.option("--capacity", type=click.IntRange(1, 10_000_000), help="How many may come. [no limit]")
@click.option("--campaign", help="The code of its campaign. [one of the same code]")
@click.option("--venue")
@click.option("--city", help="A city or district, as people write it.")
@click.option("--closed", is_flag=True, help="Nobody may register yet; open it later with: marquee events open CODE.")
@as_json
@with_database
async def add(
    *,
    code: str,
    name: str,
    starts: str,
    ends: str | None,
    capacity: int | None,
    campaign: str | None,
    venue: str | None,
    city: str | None,
    closed: bool,
    json_line: bool,
) -> None:
    """Plan an event and open it for registration, unless it shall stay closed for now."""
    at = datetime.now(UTC)
    async with database.transaction():
        number = await occasions.campaign_of(campaign or code, at=at)
        zone = await scheduling.zone_of(number)
        times = _times("starts", starts, zone=zone) | _times("ends", ends, zone=zone)
        said = EventSaid(name=name, venue=venue, city=city, capacity=capacity, **times)
        event = await scheduling.add_event(code, said, campaign=number, actor=ACTOR, at=at)
        if not closed:
            await scheduling.open_event(event, actor=ACTOR, at=at)
            event = await events.known(code)
    answer(_told(event), json_line=json_line, text=_line(event))


@events_group.command(name="add-slot")
@click.argument("code")
@click.option("--starts", required=True, help="2026-05-01T10:00, on the clocks of the campaign.")
@click.option("--minutes", required=True, type=click.IntRange(1, 1440))
@click.option("--places", required=True, type=click.IntRange(0, 100_000))
@click.option("--kind", type=click.Choice(["session", "test_drive"]), default="session", show_default=True)
@click.option("--model", help="The model that is driven, for a test drive.")
@as_json
@with_database
async def add_slot(
    code: str, *, starts: str, minutes: int, places: int, kind: SlotKind, model: str | None, json_line: bool
) -> None:
    """Add a time to the event CODE that can be booked."""
    async with database.transaction():
        event = await events.known(code)
        said = SlotSaid(kind=kind, starts_at=_moment(starts, event), minutes=minutes, places=places, model=model)
        slot = await scheduling.add_slot(event, said, actor=ACTOR, at=datetime.now(UTC))
    answer(slot, json_line=json_line, text=f"slot {slot.id}: {places} places from {starts} for {minutes} minutes")


@events_group.command(name="open")
@click.argument("code")
@as_json
@with_database
async def open_event(code: str, *, json_line: bool) -> None:
    """Let anybody register for the event CODE."""
    async with database.transaction():
        await scheduling.open_event(await events.known(code), actor=ACTOR, at=datetime.now(UTC))
        event = await events.known(code)
    answer(_told(event), json_line=json_line, text=f"open at {guest_links.of_event(code)}")


@events_group.command()
@click.argument("code")
@as_json
@with_database
async def close(code: str, *, json_line: bool) -> None:
    """Let nobody new register for the event CODE."""
    async with database.transaction():
        await scheduling.close_event(await events.known(code), actor=ACTOR, at=datetime.now(UTC))
        event = await events.known(code)
    answer(_told(event), json_line=json_line, text=f"{code} is closed")


def _line(one: EventFacts) -> str:
    limit = "-" if one.capacity is None else f"{one.taken} of {one.capacity}"
    state = "open" if one.is_open else "closed"
    return f"{one.code:24} {one.starts_on or '-'!s:10}  {state:6}  {limit:>12}  {one.name}"


def _told(one: EventFacts) -> dict[str, object]:
    return {
        "code": one.code,
        "name": one.name,
        "campaign": one.campaign_code,
        "starts_on": one.starts_on,
        "ends_on": one.ends_on,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "venue": one.venue,
        "capacity": one.capacity,
        "taken": one.taken,
        "open": one.is_open,
        "page": guest_links.of_event(one.code),
    }


def _times(name: str, typed: str | None, *, zone: ZoneInfo) -> dict[str, Any]:
    """What was typed: a whole day, or a moment."""
    if not typed:
        return {}
    try:
        if len(typed) == len("2026-05-01"):
            return {f"{name}_on": date.fromisoformat(typed)}
        said = datetime.fromisoformat(typed)
    except ValueError:
        raise fail(f"--{name}: write it like 2026-05-01 or 2026-05-01T10:00.") from None
    return {f"{name}_at": (said if said.tzinfo else said.replace(tzinfo=zone)).astimezone(UTC)}


def _moment(typed: str, event: EventFacts) -> datetime:
    try:
        said = datetime.fromisoformat(typed)
    except ValueError:
        raise fail("--starts: write it like 2026-05-01T10:00.") from None
    return (said if said.tzinfo else said.replace(tzinfo=event.zone)).astimezone(UTC)
