"""Guests of the invented shows: they register ahead of it, book a drive, wait where it is full, let it go, or are there.

Promises that each of them comes by the registration's own verbs, at their own moment.
"""

from datetime import date, datetime, time, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec

from campaigns import channels, events, landings, registering
from campaigns.events import EventFacts
from campaigns.registering import GuestSaid, RegistrationBody, WishSaid
from campaigns.showcases import Showcase
from crm import access, reference
from crm.consent import Purpose
from crm.database import current
from crm.network import LOCAL
from crm.sources import Sender, sender
from crm.wire import ConsentSaid
from leads.demo import enquiries, joint, visitors
from leads.demo.enquiries import GUESTS, NOTICE
from leads.demo.visitors import Visitor

# How often each box is ticked by somebody who reads it.
AGREES: tuple[tuple[Purpose, float], ...] = (
    ("alliance_marketing", 0.7),
    ("share_with_brand", 0.75),
    ("share_with_dealer", 0.65),
)
FEW = 2  # who wait for a drive before others choose another time
LOOKERS = 3  # who follow a link for one who registers


class Coming(NamedTuple):
    """Somebody who will register, and whether they book a drive, come, or let it go."""

    at: datetime
    visitor: Visitor
    brands: tuple[str, ...]
    way: str | None
    drives: bool
    cancels: bool
    attends: bool


def guests(
    show: Showcase, count: int, *, draws_from: str, first_no: int, until: datetime, chance: Random
) -> list[Coming]:
    """Who registers for a show, most of them in the days before and while it runs; none after `until`."""
    begins = _local(show.starts_on, 9) - timedelta(days=9)
    ends = min(until, _local(show.ends_on, 15))
    crowd = visitors.crowd(count, draws_from=draws_from, first_no=first_no, chance=chance)
    return [_coming(visitor, begins + (ends - begins) * chance.random() ** 0.6, chance) for visitor in crowd]


async def register(show: Showcase, one: Coming, at: datetime) -> UUID | None:
    """They register, with a drive where they want one and one is left to book; the number of their registration."""
    event = await events.known(show.code)
    if event.phase(at) != "open":
        return None
    if one.way:
        await _land(event.campaign, one.way, at=at)
    slot = await _free_drive(event, one.brands, at=at) if one.drives else None
    body = _body(one)
    made = await registering.register(
        body, event=event, source=await source(), at=at, raw=msgspec.json.encode(body), slot=slot
    )
    return made.id


async def let_go(registration: UUID, at: datetime) -> None:
    """They cannot come after all."""
    await registering.cancel_registration(registration, at=at)


async def be_there(registration: UUID, at: datetime) -> None:
    """They were there, and drove what they had booked."""
    await registering.mark_attended(registration, actor=joint.PLANNER, at=at)
    booked = await current().fetch(
        "select booking.id from booking join slot on slot.id = slot where registration = $1 and state = 'confirmed'"
        " and starts_at <= $2",
        registration,
        at,
    )
    for row in booked:
        await registering.mark_done(row["id"], actor=joint.PLANNER, at=at)


def visit(show: Showcase, one: Coming) -> datetime:
    """When they are there: on a day of the show after they registered, in the late afternoon."""
    first = max(one.at.astimezone(LOCAL).date(), show.starts_on)
    day = first + timedelta(days=Random(one.visitor.no).randrange((show.ends_on - first).days + 1))
    return max(_local(day, 16), one.at + timedelta(minutes=5))


async def source() -> Sender:
    """Where the story's own guests come in."""
    return await sender(await access.make_source(GUESTS, kind="web_form"))


def _coming(visitor: Visitor, at: datetime, chance: Random) -> Coming:
    brands = tuple(dict.fromkeys(enquiries.drawn_brand(chance) for _ in range(chance.choice((1, 1, 2, 2, 3)))))
    ways = [way[0] for way in joint.WAYS]
    return Coming(
        at=at,
        visitor=visitor,
        brands=brands,
        way=chance.choices(ways, [way[3] for way in joint.WAYS])[0] if chance.random() < 0.85 else None,
        drives=chance.random() < 0.6,
        cancels=chance.random() < 0.08,
        attends=chance.random() < 0.75,
    )


def _body(one: Coming) -> RegistrationBody:
    chance = Random(one.visitor.no)
    said, brands = visitors.said_of_themselves(one.visitor, chance), list(one.brands)
    return RegistrationBody(
        external_id=f"GUEST-{one.visitor.no}",
        person=GuestSaid(name=said.name, phone=said.phone or one.visitor.phone, email=said.email),
        wishes=[WishSaid(brand=brand, model=next(iter(enquiries.MODELS[brand]))) for brand in brands],
        place=visitors.said_of_home(one.visitor, chance),
        language="zh",
        channel=one.way,
        consents=[
            ConsentSaid(purpose=purpose, given=True, brands=brands, notice=NOTICE)
            for purpose, often in AGREES
            if chance.random() < often
        ],
    )


async def _land(campaign: int, way: str, *, at: datetime) -> None:
    """They, and a few who only looked, follow the link."""
    slug = (await channels.find(campaign, way)).slug
    found = await landings.way(slug, at=at)
    for _ in range(LOOKERS):
        await landings.arrive(found, uuid4(), at=at)


async def _free_drive(event: EventFacts, brands: tuple[str, ...], *, at: datetime) -> int | None:
    """The next drive of a brand they like that has room, or where few wait already; none when all are taken."""
    words = await reference.load()
    liked = {words.brands[code].id for code in brands}
    later = at + timedelta(hours=2)
    slots = [
        one
        for one in await events.slots([event.id])
        if one.brand in liked and one.is_bookable(later) and one.taken + one.waiting < one.places + FEW
    ]
    return min(slots, key=lambda one: (one.starts_at, one.id)).id if slots else None


def _local(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=LOCAL)
