"""A person as staff see them: each value with where it came from, each observation with the reason why it is theirs.

Promises that phones, e-mails and WeChat are masked, and that nothing is shown but what somebody in scope was told; of everything else there is a
count. What staff put right stands before what was said most often.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import masks, regions, sight
from crm.database import current, statement
from crm.errors import NotThere
from crm.identity import Reason, observations
from crm.identity.observations import Particulars
from crm.identity.scoring import model
from crm.people import GoldenRecord, Said, corrections
from crm.roles import Condition, Scope, numbered

Kind = Literal["name", "phone", "email", "wechat", "region"]
KINDS: tuple[Kind, ...] = ("name", "phone", "email", "wechat", "region")
MOST = 200  # observations that one page draws
SOME = 20  # of each person in a list


class Portrait(msgspec.Struct, frozen=True):
    """The record and the reasons behind it, for the terminal."""

    record: GoldenRecord
    reasons: list[Reason]


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A value as it may be shown: who said so last (`source`, or one of ours who put it right), when, and in how many observations."""

    kind: Kind
    shown: str
    observation: UUID
    at: datetime
    source: str
    source_kind: str
    agree: int
    righted_by: str | None = None
    heard: str | None = None


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """One observation: what was said, to which brands, and why it was taken for this person's."""

    observation: UUID
    at: datetime
    source: str
    source_kind: str
    brands: tuple[int, ...]
    name: str | None
    phone: str | None
    email: str | None
    wechat: bool
    place: str | None
    outcome: str
    score: float | None
    margin: float | None
    runner_up: UUID | None
    parts: tuple[dict[str, Any], ...]
    decided_at: datetime
    weights_version: int
    staff_name: str | None

    @property
    def righted(self) -> str | None:
        """Which value it put right, if it is a correction."""
        return self.parts[0]["field"] if self.outcome == "corrected" else None

    @property
    def rival(self) -> float | None:
        """What the next likely person reached."""
        return None if self.score is None or self.margin is None else self.score - self.margin

    @property
    def needed(self) -> float:
        """The score from which it was linked without asking anybody."""
        return max(model().link, (self.rival or 0) + model().margin)


class Sketch(msgspec.Struct, frozen=True, kw_only=True):
    """A person as far as the scope goes; `others` is how much more was observed that it does not reach."""

    person: UUID
    no: int
    status: str
    version: int
    first_at: datetime | None
    last_at: datetime | None
    values: dict[Kind, list[Value]]
    registrations: tuple[Registration, ...]
    others: int

    @property
    def name(self) -> str | None:
        """The name to call them by on a page, masked where it must be."""
        return self.best("name")

    @property
    def brands(self) -> tuple[int, ...]:
        """Every brand in scope that met them, in the alliance's order."""
        return tuple(sorted({brand for one in self.registrations for brand in one.brands}))

    @property
    def enquiries(self) -> int:
        """How often they were registered, as far as may be seen."""
        return sum(one.outcome != "corrected" for one in self.registrations)

    def best(self, kind: Kind) -> str | None:
        """The first value of a kind as it is shown."""
        return self.values[kind][0].shown if self.values[kind] else None

    def __repr__(self) -> str:
        return f"Sketch({self.person})"


async def of(person: UUID, scope: Scope) -> Sketch:
    """One surviving person; refuses whom the scope does not reach exactly as it refuses who does not exist."""
    if not await is_seen(person, scope):
        raise NotThere
    return (await of_many([person], scope, most=MOST))[person]


async def is_seen(person: UUID, scope: Scope) -> bool:
    """Whether there is such a surviving person and the scope reaches them."""
    query, values = numbered(
        "select exists (select from person where id = $1 and {})", [scope.of_persons("person")], person
    )
    seen: bool = await current().fetchval(query, *values)
    return seen


async def of_many(persons: Collection[UUID], scope: Scope, *, most: int = SOME) -> dict[UUID, Sketch]:
    """Surviving persons that the scope is known to reach, in the order asked for."""
    heads = {row["id"]: row for row in await current().fetch(_HEADS, list(persons))}
    rows = await _registrations(persons, scope, most=most)
    clear = await sight.names_in_clear(persons, scope)
    told = {person: list(said) for person, said in groupby(rows, key=lambda row: row["person"])}
    return {
        person: _sketch(heads[person], told.get(person, []), in_clear=person in clear)
        for person in persons
        if person in heads
    }


async def survivor(person: UUID) -> UUID:
    """Who this id stands for today; an id that was never given out is refused like one out of scope."""
    found = await current().fetchval("select coalesce(merged_into, id) from person where id = $1", person)
    if found is None:
        raise NotThere
    return UUID(str(found))


async def known_as(persons: Collection[UUID], scope: Scope) -> dict[UUID, Sketch]:
    """Others whom a page speaks of, by the ids they had then; a merged one as whoever it is today."""
    rows = await current().fetch(
        "select id, coalesce(merged_into, id) as now from person where id = any($1::uuid[])", list(persons)
    )
    found = await of_many(sorted({row["now"] for row in rows}), scope)
    return {row["id"]: found[row["now"]] for row in rows}


async def contact(person: UUID, scope: Scope, *, observation: UUID, kind: Kind) -> str | None:
    """The bare value that one observation of the person gave, for a reveal; None when it gave none. Refuses what is out of scope."""
    query, values = numbered(_ONE, [corrections.told(scope)], person, observation)
    row = await current().fetchrow(query, *values)
    if row is None:
        raise NotThere
    said = observations.opened(row["particulars"], observation=observation)
    return _bare(said, row["region"]).get(kind)


def masked(record: GoldenRecord) -> GoldenRecord:
    """The same record, fit for a screen that others may see."""
    return msgspec.structs.replace(
        record,
        names=[_hidden(said, masks.name(said.value) or "**") for said in record.names],
        phones=[_hidden(said, said.value if "*" in said.value else masks.number(said.value)) for said in record.phones],
        emails=[_hidden(said, masks.email(said.value) or "") for said in record.emails],
        wechat=[_hidden(said, f"{said.value[:2]}***") for said in record.wechat],
    )


def as_text(record: GoldenRecord, reasons: list[Reason]) -> str:
    """The record, a kind of value a line, then a line per observation."""
    kinds = {"names": record.names, "phones": record.phones, "e-mails": record.emails, "WeChat": record.wechat}
    lines = [f"{record.person}  no. {record.no}, {record.status}, {record.open_questions} open questions"]
    lines += [
        f"  {kind:8} {', '.join(f'{said.value} ({said.times})' for said in values)}"
        for kind, values in kinds.items()
        if values
    ]
    lines += [
        f"  {reason.at:%Y-%m-%d %H:%M}  {reason.outcome}: {'; '.join(part['words'] for part in reason.parts)}"
        for reason in reasons
    ]
    return "\n".join(lines)


def place(region: str | None) -> str | None:
    """A region with the city that a district lies in: 成都市武侯区."""
    table = regions.table()
    if region not in table:
        return None
    here = table[region]
    city = table.get(here.parent or "") if here.level == "district" else None
    return f"{city.name if city else ''}{here.name}"


async def _registrations(persons: Collection[UUID], scope: Scope, *, most: int) -> Sequence[Record]:
    conditions: list[Condition] = [scope.of_interests("met"), corrections.told(scope)]
    query, values = numbered(statement("crm", "person_registrations"), conditions, list(persons), most)
    rows: Sequence[Record] = await current().fetch(query, *values)
    return rows


def _sketch(head: Record, rows: Sequence[Record], *, in_clear: bool) -> Sketch:
    said = [(row, observations.opened(row["particulars"], observation=row["id"])) for row in rows]
    met = [row["captured_at"] for row, _ in said if row["outcome"] != "corrected"]
    return Sketch(
        person=head["id"],
        no=head["no"],
        status=head["status"],
        version=head["version"],
        first_at=min(met, default=None),
        last_at=max(met, default=None),
        values={kind: _values(kind, said, in_clear=in_clear) for kind in KINDS},
        registrations=tuple(_registration(row, one, in_clear=in_clear) for row, one in said),
        others=head["linked"] - len(rows),
    )


def _registration(row: Record, said: Particulars, *, in_clear: bool) -> Registration:
    return Registration(
        observation=row["id"],
        at=row["captured_at"],
        source=row["source"],
        source_kind=row["source_kind"],
        brands=tuple(row["brands"]),
        name=_shown("name", said.name, in_clear=in_clear) if said.name else None,
        phone=masks.phone(said),
        email=masks.email(said.email),
        wechat=said.unionid is not None,
        place=place(row["region"]),
        outcome=row["outcome"],
        score=row["score"],
        margin=row["margin"],
        runner_up=row["runner_up"],
        parts=tuple(msgspec.json.decode(row["parts"])),
        decided_at=row["decided_at"],
        weights_version=row["weights_version"],
        staff_name=row["staff_name"],
    )


def _values(kind: Kind, said: Iterable[tuple[Record, Particulars]], *, in_clear: bool) -> list[Value]:
    """The values of one kind: what was put right last, then what was said most often, then what was said last."""
    given: dict[str, list[Record]] = {}
    for row, one in said:  # newest first
        if value := _bare(one, row["region"]).get(kind):
            given.setdefault(value, []).append(row)
    if kind == "phone":
        _fold_masked(given)
    righted = [(row["captured_at"], value) for value, rows in given.items() for row in rows if _is_correction(row)]
    latest = max(righted, default=(None, None))[1]
    ranked = sorted(given.items(), key=lambda it: (it[0] != latest, -len(it[1])))
    return [_value(kind, value, rows, in_clear=in_clear) for value, rows in ranked]


def _fold_masked(given: dict[str, list[Record]]) -> None:
    """A number that came with stars agrees with the whole one that looks like it."""
    whole = {masks.number(value): value for value in given if "*" not in value}
    for value in [value for value in given if value in whole]:
        given[whole[value]] = sorted(
            given[whole[value]] + given.pop(value), key=lambda row: row["captured_at"], reverse=True
        )


def _value(kind: Kind, value: str, rows: Sequence[Record], *, in_clear: bool) -> Value:
    by_us = next((row for row in rows if _is_correction(row)), None)
    row = by_us or rows[0]
    return Value(
        kind=kind,
        shown=_shown(kind, value, in_clear=in_clear),
        observation=row["id"],
        at=row["captured_at"],
        source=row["source"],
        source_kind=row["source_kind"],
        agree=len(rows),
        righted_by=(by_us["staff_name"] or "") if by_us else None,
        heard=msgspec.json.decode(by_us["parts"])[0]["heard"] if by_us else None,
    )


def _bare(said: Particulars, region: str | None) -> Mapping[Kind, str | None]:
    return {
        "name": said.name,
        "phone": said.phone or said.phone_masked,
        "email": said.email,
        "wechat": said.unionid,
        "region": place(region),
    }


def _shown(kind: Kind, value: str, *, in_clear: bool) -> str:
    match kind:
        case "name":
            return value if in_clear else masks.name(value) or "**"
        case "phone":
            return value if "*" in value else masks.number(value)
        case "email":
            return masks.email(value) or "–"
        case "wechat":
            return f"{value[:2]}***"
        case "region":
            return value


def _is_correction(row: Record) -> bool:
    return bool(row["outcome"] == "corrected")


def _hidden(said: Said, shown: str) -> Said:
    return msgspec.structs.replace(said, value=shown)


# Persons with how much is linked to them, by whomever. Grain: one row per person. $1 persons.
_HEADS = """
select id, no, status, version,
       (select count(*) from link where link.person = person.id and closed_at is null)::int as linked
from person where id = any($1::uuid[])
"""

# One observation of a person. $1 person, $2 observation. Condition: on observation.
_ONE = """
select observation.particulars, observation.region
from link join observation on observation.id = link.observation
where link.person = $1 and observation.id = $2 and link.closed_at is null and {}
"""
