"""The ways through the house: which rooms the rail offers to whom, in which order, and in which one the reader stands.

Promises that nobody is offered a room they may not enter. The longest address that fits is the room one stands in.
"""

from collections.abc import Iterator

import msgspec

from crm.languages import later, say
from crm.roles import Actor, Permission


class Way(msgspec.Struct, frozen=True):
    """One line of the rail."""

    href: str
    name: str
    icon: str
    needs: Permission
    key: str | None = None  # pressed after g
    waiting: str | None = None  # where its number comes from, a little later than the page


class Room(msgspec.Struct, frozen=True):
    """A line of the rail as somebody sees it."""

    href: str
    name: str
    icon: str
    key: str | None
    waiting: str | None
    here: bool


class Floor(msgspec.Struct, frozen=True):
    """Lines of the rail under one heading."""

    name: str | None
    rooms: tuple[Room, ...]


PLAN: tuple[tuple[str | None, tuple[Way, ...]], ...] = (
    (
        None,
        (
            Way("/", later("Home"), "home", "home", key="h"),
            Way("/my-store", later("My store"), "store", "inbox", key="h"),
            Way("/queues", later("Work queues"), "queue", "queues", key="q", waiting="/queues/waiting"),
        ),
    ),
    (
        later("Records"),
        (
            Way("/leads", later("Leads"), "lead", "leads.see", key="l"),
            Way("/people", later("People"), "person", "people.see", key="p"),
            Way("/review", later("Duplicate review"), "merge", "people.merge", key="r"),
        ),
    ),
    (
        later("Joint work"),
        (
            Way("/campaigns", later("Campaigns"), "flag", "campaigns.see", key="c"),
            Way("/events", later("Events"), "calendar", "campaigns.see"),
        ),
    ),
    (
        later("Network"),
        (
            Way("/stores", later("Stores"), "store", "network.see", key="s"),
            Way("/policies", later("Routing policies"), "route", "policies.see"),
            Way("/imports", later("Imports"), "import", "imports", key="i"),
        ),
    ),
    (
        later("House"),
        (
            Way("/staff", later("Staff"), "team", "staff"),
            Way("/keys", later("Keys"), "key", "keys"),
            Way("/audit", later("Audit"), "shield", "audit"),
            Way("/settings", later("Settings"), "settings", "settings"),
        ),
    ),
)


def floors(actor: Actor, path: str) -> list[Floor]:
    """What the rail shows to them on this page."""
    offered = [way for _, ways in PLAN for way in ways if actor.may(way.needs)]
    fitting = [way.href for way in offered if path == way.href or path.startswith(f"{way.href.rstrip('/')}/")]
    here = max((href for href in fitting if href != "/" or path == "/"), key=len, default=None)
    return list(_floors(actor, here))


def _floors(actor: Actor, here: str | None) -> Iterator[Floor]:
    for name, ways in PLAN:
        rooms = tuple(
            Room(way.href, say(way.name), way.icon, way.key, way.waiting, here=way.href == here)
            for way in ways
            if actor.may(way.needs)
        )
        if rooms:
            yield Floor(name and say(name), rooms)
