"""What a list of leads is narrowed to: the filters of an address, each resolved within the reader's scope to a condition and a chip.

Promises that a value which cannot be used gets a chip that says so and narrows nothing, and that a campaign, source or store outside the
scope is answered exactly like one that does not exist. Refuses nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from crm import reference, regions
from crm.database import current
from crm.languages import later, say
from crm.roles import EVERYTHING, Condition, Scope, numbered, stem
from leads import kinds
from leads.lists import days, search
from leads.lists.query import Query
from leads.lists.words import named

On: TypeAlias = Callable[[str], Condition]
LATE = "1"
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


class Narrowing(msgspec.Struct, frozen=True):
    """What one filter means for interests and for leads that name none, by the alias of their table; None where none of those can fit."""

    on_interests: On
    on_silent: On | None


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


class _Read(msgspec.Struct):
    # What one parameter came to: a label for every value that can be used, and what they mean together.
    labels: dict[str, str]
    narrowing: Narrowing | None = None


async def read(query: Query, *, scope: Scope, at: datetime) -> Filters:
    """The filters of an address, within the scope."""
    chips: list[Chip] = []
    narrowings: list[Narrowing] = []
    one_day = _one_day(query, at=at)
    for name, reader in _READERS.items():
        values = (query.said[name],) if name == "q" and name in query.said else query.values(name)
        if not values:
            continue
        found = await reader(values, scope, at)
        chips += [_chip(query, name, value, found.labels.get(value)) for value in values]
        narrowings += [found.narrowing] if found.narrowing else []
    if one_day:
        chips = [chip for chip in chips if chip.field not in ("since", "until")] + [one_day]
    return Filters(
        scope,
        tuple(chips),
        tuple(narrowings),
        stages=tuple(value for value in query.values("stage") if value in kinds.RANKS),
        holds=tuple(value for value in query.values("hold") if value in _HOLDS),
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


async def _brands(values: Sequence[str], scope: Scope, _: datetime) -> _Read:
    known = (await reference.load()).brands
    usable = [known[value] for value in values if value in known and scope.brand in (None, known[value].id)]
    labels = {brand.code: named(brand) for brand in usable}
    return _Read(labels, _one_of("brand", [brand.id for brand in usable], on_silent=False))


async def _stages(values: Sequence[str], _scope: Scope, _at: datetime) -> _Read:
    labels = {stage.code: named(stage) for stage in kinds.STAGES if stage.code in values}
    narrowing = _one_of("stage", list(labels), on_silent=False)
    # A lead that names no interest is identified and no further.
    return _Read(
        labels,
        msgspec.structs.replace(narrowing, on_silent=_anything) if narrowing and "identified" in labels else narrowing,
    )


async def _holds(values: Sequence[str], _scope: Scope, _at: datetime) -> _Read:
    labels = {code: named(hold) for code, hold in _HOLDS.items() if code in values}
    return _Read(labels, _one_of("hold", list(labels)))


async def _campaigns(values: Sequence[str], scope: Scope, _: datetime) -> _Read:
    rows = await current().fetch(*_bound(_CAMPAIGNS, list(values), known_campaign(scope)))
    return _Read({row["code"]: row["name"] for row in rows}, _one_of("campaign", [row["id"] for row in rows]))


async def _sources(values: Sequence[str], scope: Scope, _: datetime) -> _Read:
    rows = await current().fetch(*_bound(_SOURCES, list(values), known_source(scope)))
    return _Read({row["code"]: row["code"] for row in rows}, _one_of("source", [row["id"] for row in rows]))


async def _regions(values: Sequence[str], _scope: Scope, _at: datetime) -> _Read:
    labels = {value: regions.table()[value].name for value in values if value in regions.table()}
    ranges = [_beneath(code) for code in labels]
    if not ranges:
        return _Read(labels)

    def on(alias: str) -> Condition:
        texts = " or ".join(f"({alias}.region ~>=~ {{}} and {alias}.region ~<~ {{}})" for _ in ranges)
        return Condition(texts, tuple(end for pair in ranges for end in pair))

    return _Read(labels, Narrowing(on, on))


async def _stores(values: Sequence[str], scope: Scope, _: datetime) -> _Read:
    found = {value: await _store(value, scope) for value in values}
    usable = {value: store for value, store in found.items() if store}
    ids = sorted({store["id"] for store in usable.values()})
    narrowing = Narrowing(_in_offers("offer.store = any({})", ids), None) if ids else None
    return _Read({value: store["name_zh"] for value, store in usable.items()}, narrowing)


async def _since(values: Sequence[str], _scope: Scope, at: datetime) -> _Read:
    day = days.read(values[0], at=at)
    if day is None:
        return _Read({})
    on = _compared("captured_at >=", days.begin(day.first))
    return _Read({values[0]: day.since}, Narrowing(on, on))


async def _until(values: Sequence[str], _scope: Scope, at: datetime) -> _Read:
    day = days.read(values[0], at=at)
    if day is None:
        return _Read({})
    on = _compared("captured_at <", days.end(day.last))
    return _Read({values[0]: day.until}, Narrowing(on, on))


async def _late(values: Sequence[str], _scope: Scope, at: datetime) -> _Read:
    if values != (LATE,):
        return _Read({})
    return _Read(
        {LATE: say(later("late"))},
        Narrowing(_in_offers("offer.state = 'offered' and offer.answer_due_at <= {}", at), None),
    )


async def _looked_for(values: Sequence[str], _scope: Scope, _at: datetime) -> _Read:
    typed = search.opened(values[0])
    meaning = search.meaning(typed) if typed else None
    if typed is None or meaning is None:
        return _Read({})
    return _Read(
        {values[0]: typed},
        Narrowing(
            lambda alias: Condition(f"{alias}.lead = any({meaning.text})", meaning.values),
            lambda alias: Condition(f"{alias}.id = any({meaning.text})", meaning.values),
        ),
    )


Reader: TypeAlias = Callable[[Sequence[str], Scope, datetime], Awaitable[_Read]]
_READERS: dict[str, Reader] = {
    "q": _looked_for,
    "brand": _brands,
    "stage": _stages,
    "hold": _holds,
    "campaign": _campaigns,
    "source": _sources,
    "region": _regions,
    "store": _stores,
    "since": _since,
    "until": _until,
    "late": _late,
}
_HOLDS = {hold.code: hold for hold in kinds.HOLDS}


def known_campaign(scope: Scope) -> Condition:
    """True for the campaigns that the reader may know of: their brand is a partner, or came to leads by it."""
    if scope.sees_all_brands and scope.brand is None:
        return EVERYTHING
    seen = scope.of_interests("seen")
    text = (
        "exists (select from partner where partner.campaign = campaign.id and partner.brand = {}) "  # noqa: S608  pieces of our own
        f"or exists (select from interest as seen where seen.campaign = campaign.id and {seen.text})"
    )
    return Condition(text, (scope.brand, *seen.values))


def known_source(scope: Scope) -> Condition:
    """True for the sources by which leads came that the reader may see."""
    if scope.sees_all_brands and scope.brand is None:
        return EVERYTHING
    seen = scope.of_interests("seen")
    return Condition(
        f"exists (select from interest as seen where seen.source = source.id and {seen.text})", seen.values
    )


def _one_of(column: str, values: Sequence[Any], *, on_silent: bool = True) -> Narrowing | None:
    if not values:
        return None

    def on(alias: str) -> Condition:
        if len(values) == 1:
            return Condition(f"{alias}.{column} = {{}}", (values[0],))
        return Condition(f"{alias}.{column} = any({{}})", (list(values),))

    return Narrowing(on, on if on_silent else None)


def _compared(comparison: str, value: datetime) -> On:
    return lambda alias: Condition(f"{alias}.{comparison} {{}}", (value,))


def _in_offers(condition: str, value: object) -> On:
    # As an array found first: the offers of one store, or those that are late, are few among all interests.
    text = f"array({_OF_OFFERS % {'condition': condition}})"
    return lambda alias: Condition(f"{alias}.id = any({text})", (value, value))


def _anything(_: str) -> Condition:
    return EVERYTHING


def _beneath(region: str) -> tuple[str, str]:
    prefix = stem(region)
    return prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _bound(text: str, values: list[str], known: Condition) -> tuple[Any, ...]:
    bound, parameters = numbered(text, [known], values)
    return bound, *parameters


async def _store(typed: str, scope: Scope) -> Any:
    text, values = numbered(_STORES, [scope.of_stores()], typed, f"%{typed.replace('%', '')}%")
    rows = await current().fetch(text, *values)
    exact = [row for row in rows if typed in (row["code"], row["name_zh"])]
    return exact[0] if exact else rows[0] if len(rows) == 1 else None


_CAMPAIGNS = "select id, code, name from campaign where code = any($1) and ({}) order by code"
_SOURCES = "select id, code from source where code = any($1) and ({}) order by code"
_STORES = """
select id, code, name_zh from store
where (code = $1 or name_zh = $1 or name_zh like $2) and {} order by code = $1 desc, name_zh = $1 desc, code limit 2
"""
# The interests behind open offers, those of repeat enquiries that joined one among them.
_OF_OFFERS = """
select offer.interest from offer where offer.state in ('offered', 'accepted') and %(condition)s
union all
select joined_offer.interest from offer join joined_offer on joined_offer.offer = offer.id
where offer.state in ('offered', 'accepted') and %(condition)s
"""
