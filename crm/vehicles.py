"""Cars that people were said to own. A VIN is sealed and found by its match key; it names a car, never a person."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from crm import vault
from crm.database import current
from crm.ids import uuid7
from crm.people import corrections
from crm.roles import Scope, numbered

ENDS = 6  # how much of a VIN's end stays readable: enough to tell two cars apart


class Owned(msgspec.Struct, frozen=True):
    """One statement that a person owns a car."""

    vin: str
    person: UUID
    observation: UUID
    source: int


class Car(msgspec.Struct, frozen=True):
    """A car that a person was said to own: the end of its VIN, when and by which source it was said first."""

    id: UUID
    vin: str
    since_on: date
    until_on: date | None
    source: str
    source_kind: str


async def owned_by(person: UUID, scope: Scope) -> list[Car]:
    """The cars of a surviving person, as far as somebody in scope was told of them; VINs masked."""
    query, values = numbered(_OWNED, [corrections.told(scope)], person)
    return [_car(row) for row in await current().fetch(query, *values)]


async def record(owned: Sequence[Owned], *, at: datetime) -> None:
    """Keep who was said to own which car; a car is made when it is new, a repeated statement of one source adds nothing."""
    for said in sorted(owned, key=lambda one: one.vin):
        key, fresh = vault.match_key("vin", said.vin), uuid7(at)
        await current().execute(
            "insert into vehicle (id, vin, match_key) values ($1, $2, $3) on conflict (match_key) do nothing",
            fresh,
            vault.seal(said.vin, place=f"vehicle|vin|{fresh}"),
            key,
        )
        await current().execute(
            """
            insert into ownership (vehicle, person, observation, source, valid_from_on)
            select id, $2, $3, $4, $5 from vehicle where match_key = $1
            on conflict (vehicle, person, source) do nothing
            """,
            key,
            said.person,
            said.observation,
            said.source,
            at.date(),
        )


def _car(row: Record) -> Car:
    vin = vault.open_(row["vin"], place=f"vehicle|vin|{row['id']}")
    return Car(row["id"], f"***{vin[-ENDS:]}", row["since_on"], row["until_on"], row["source"], row["source_kind"])


# Cars of a person with who said so first. Grain: one row per car. $1 survivor. Condition: on observation.
_OWNED = """
select distinct on (vehicle.id) vehicle.id, vehicle.vin, ownership.valid_from_on as since_on, ownership.valid_until_on as until_on,
       source.code as source, source.kind as source_kind
from (select $1::uuid as id union all select id from person where merged_into = $1) as known_as
join ownership on ownership.person = known_as.id
join vehicle on vehicle.id = ownership.vehicle
join observation on observation.id = ownership.observation
join source on source.id = observation.source
where {}
order by vehicle.id, ownership.valid_from_on
"""
