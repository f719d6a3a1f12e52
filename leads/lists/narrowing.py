"""What each parameter of a list's address means: its values, as they were typed, become labels and a condition on interests and leads.

Promises that a campaign, source or store outside the reader's scope is answered exactly like one that does not exist, and that a value
which cannot be used has no label and narrows nothing. Refuses nothing.
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
from leads.lists.words import named

On: TypeAlias = Callable[[str], Condition]
LATE = "1"
HOLDS = {hold.code: hold for hold in kinds.HOLDS}


class Narrowing(msgspec.Struct, frozen=True):
    """What one filter means for interests and for leads that name none, by the alias of their table; None where none of those can fit."""

    on_interests: On
    on_silent: On | None


class Meaning(msgspec.Struct, frozen=True):
    """What one parameter came to: a label for every value that can be used, and what they mean together; None where they narrow nothing."""

    labels: dict[str, str]
    narrowing: Narrowing | None = None


async def meaning(name: str, values: Sequence[str], *, scope: Scope, at: datetime) -> Meaning:
    """What these values of a parameter mean to this reader."""
    return await _READERS[name](values, scope, at)


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


async def _brands(values: Sequence[str], scope: Scope, _: datetime) -> Meaning:
    known = (await reference.load()).brands
    usable = [known[value] for value in values if value in known and scope.brand in (None, known[value].id)]
    labels = {brand.code: named(brand) for brand in usable}
    return Meaning(labels, _one_of("brand", [brand.id for brand in usable], on_silent=False))


async def _stages(values: Sequence[str], _scope: Scope, _at: datetime) -> Meaning:
    labels = {stage.code: named(stage) for stage in kinds.STAGES if stage.code in values}
    narrowing = _one_of("stage", list(labels), on_silent=False)
    # A lead that names no interest is identified and no further.
    return Meaning(
        labels,
        msgspec.structs.replace(narrowing, on_silent=_anything) if narrowing and "identified" in labels else narrowing,
    )


async def _holds(values: Sequence[str], _scope: Scope, _at: datetime) -> Meaning:
    labels = {code: named(hold) for code, hold in HOLDS.items() if code in values}
    return Meaning(labels, _one_of("hold", list(labels)))


async def _campaigns(values: Sequence[str], scope: Scope, _: datetime) -> Meaning:
    rows = await current().fetch(*_bound(_CAMPAIGNS, list(values), known_campaign(scope)))
    return Meaning({row["code"]: row["name"] for row in rows}, _one_of("campaign", [row["id"] for row in rows]))


async def _sources(values: Sequence[str], scope: Scope, _: datetime) -> Meaning:
    rows = await current().fetch(*_bound(_SOURCES, list(values), known_source(scope)))
    return Meaning({row["code"]: row["code"] for row in rows}, _one_of("source", [row["id"] for row in rows]))


async def _regions(values: Sequence[str], _scope: Scope, _at: datetime) -> Meaning:
    labels = {value: regions.table()[value].name for value in values if value in regions.table()}
    ranges = [_beneath(code) for code in labels]
    if not ranges:
        return Meaning(labels)

    def on(alias: str) -> Condition:
        texts = " or ".join(f"({alias}.region ~>=~ {{}} and {alias}.region ~<~ {{}})" for _ in ranges)
        return Condition(texts, tuple(end for pair in ranges for end in pair))

    return Meaning(labels, Narrowing(on, on))


async def _stores(values: Sequence[str], scope: Scope, _: datetime) -> Meaning:
    found = {value: await _store(value, scope) for value in values}
    usable = {value: store for value, store in found.items() if store}
    ids = sorted({store["id"] for store in usable.values()})
    labels = {value: store["name_zh"] for value, store in usable.items()}
    return Meaning(labels, _one_of("store", ids, on_silent=False))


async def _since(values: Sequence[str], _scope: Scope, at: datetime) -> Meaning:
    day = days.read(values[0], at=at)
    if day is None:
        return Meaning({})
    on = _compared("captured_at >=", days.begin(day.first))
    return Meaning({values[0]: day.since}, Narrowing(on, on))


async def _until(values: Sequence[str], _scope: Scope, at: datetime) -> Meaning:
    day = days.read(values[0], at=at)
    if day is None:
        return Meaning({})
    on = _compared("captured_at <", days.end(day.last))
    return Meaning({values[0]: day.until}, Narrowing(on, on))


async def _late(values: Sequence[str], _scope: Scope, at: datetime) -> Meaning:
    if values != (LATE,):
        return Meaning({})
    # As an array found first: what is late is little among all interests.
    return Meaning(
        {LATE: say(later("late"))},
        Narrowing(lambda alias: Condition(f"{alias}.id = any(array({_LATE_ONES}))", (at, at)), None),
    )


async def _looked_for(values: Sequence[str], _scope: Scope, _at: datetime) -> Meaning:
    typed = search.opened(values[0])
    meaning = search.meaning(typed) if typed else None
    if typed is None or meaning is None:
        return Meaning({})
    return Meaning(
        {values[0]: typed},
        Narrowing(
            lambda alias: Condition(f"{alias}.lead = any({meaning.text})", meaning.values),
            lambda alias: Condition(f"{alias}.id = any({meaning.text})", meaning.values),
        ),
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
# The interests behind late offers, those of repeat enquiries that joined one among them.
_LATE_ONES = """
select offer.interest from offer where offer.state = 'offered' and offer.answer_due_at <= {}
union all
select joined.id from offer join interest as joined on joined.joined = offer.id
where offer.state = 'offered' and offer.answer_due_at <= {}
"""
_Reader: TypeAlias = Callable[[Sequence[str], Scope, datetime], Awaitable[Meaning]]
_READERS: dict[str, _Reader] = {
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
