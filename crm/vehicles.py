"""Cars that people were said to own. A VIN is sealed and found by its match key; it names a car, never a person."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crm import vault
from crm.database import current
from crm.ids import uuid7


class Owned(msgspec.Struct, frozen=True):
    """One statement that a person owns a car."""

    vin: str
    person: UUID
    observation: UUID
    source: int


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
