"""What a list of leads is narrowed to: the filters of an address, each resolved within the reader's scope to a condition and a chip.

Promises that a value which cannot be used gets a chip that says so and narrows nothing, and that a campaign, source or store outside the
scope is answered exactly like one that does not exist. Refuses nothing.
"""

from datetime import datetime

import msgspec

from crm.languages import later, say
from crm.roles import EVERYTHING, Condition, Scope
from leads import kinds
from leads.lists import days, narrowing
from leads.lists.narrowing import Narrowing
from leads.lists.query import Query

UNUSABLE = later("cannot be used")

HEADINGS = {
    "q": later("Search"),
    "brand": later("Brand"),
    "stage": later("Stage"),
    "hold": later("Held"),
    "campaign": later("Campaign"),
    "source": later("Source"),
    "region": later("Place"),
    "store": later("Store"),
    "since": later("Captured"),
    "until": later("Captured"),
    "late": later("Answer"),
}


class Chip(msgspec.Struct, frozen=True):
    """One value of a filter as it is shown, and the address without it; `fault` says why it narrows nothing."""

    field: str
    heading: str
    label: str
    without: Query
    fault: str | None = None


class Filters(msgspec.Struct, frozen=True):
    """All that a list is narrowed to, the scope first."""

    scope: Scope
    chips: tuple[Chip, ...] = ()
    narrowings: tuple[Narrowing, ...] = ()
    stages: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()

    def of_interests(self, alias: str) -> list[Condition]:
        """True for the interests that fit."""
        return [
            self.scope.of_interests(alias),
            self._entered(alias),
            *(one.on_interests(alias) for one in self.narrowings),
        ]

    def of_silent_leads(self, alias: str) -> list[Condition] | None:
        """True for the leads without interests that fit; None where none can."""
        actor = self.scope.actor
        theirs = actor.role == "event_desk" or (self.scope.sees_all_brands and self.scope.brand is None)
        fitting = [one.on_silent for one in self.narrowings if one.on_silent]
        if not theirs or len(fitting) < len(self.narrowings):
            return None
        return [self.scope.of_leads(alias), *(on(alias) for on in fitting)]

    def _entered(self, alias: str) -> Condition:
        # A desk's own leads are few among all: found first, they are not looked for along everybody's.
        if self.scope.actor.role != "event_desk":
            return EVERYTHING
        return Condition(
            f"{alias}.lead = any(array(select mine.id from lead as mine where mine.entered_by = {{}}))",  # noqa: S608  pieces of our own
            (self.scope.actor.id,),
        )


async def read(query: Query, *, scope: Scope, at: datetime) -> Filters:
    """The filters of an address, within the scope."""
    chips: list[Chip] = []
    narrowings: list[Narrowing] = []
    one_day = _one_day(query, at=at)
    for name in HEADINGS:
        values = (query.said[name],) if name == "q" and name in query.said else query.values(name)
        if not values:
            continue
        found = await narrowing.meaning(name, values, scope=scope, at=at)
        chips += [_chip(query, name, value, found.labels.get(value)) for value in values]
        narrowings += [found.narrowing] if found.narrowing else []
    if one_day:
        chips = [chip for chip in chips if chip.field not in ("since", "until")] + [one_day]
    return Filters(
        scope,
        tuple(chips),
        tuple(narrowings),
        stages=tuple(value for value in query.values("stage") if value in kinds.RANKS),
        holds=tuple(value for value in query.values("hold") if value in narrowing.HOLDS),
    )


def _chip(query: Query, name: str, value: str, label: str | None) -> Chip:
    without = query.changed(q=None) if name == "q" else query.toggled(name, value)
    return Chip(name, say(HEADINGS[name]), label or value[:40], without, None if label else say(UNUSABLE))


def _one_day(query: Query, *, at: datetime) -> Chip | None:
    """From a day until the same day is one thing to say, and to take away."""
    since, until = query.one("since"), query.one("until")
    day = days.read(since, at=at) if since and since == until else None
    if day is None:
        return None
    return Chip("since", say(HEADINGS["since"]), day.name, query.changed(since=None, until=None))
