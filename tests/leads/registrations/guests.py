"""Guests of the Chengdu show as their registration left them: rows, as the form writes them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from campaigns import occasions, showcases
from campaigns.lead_rules import LeadRule
from campaigns.tables import Booking, Registration, RegistrationWish, Slot
from crm import access, consent, identity, normalise, reference, vault
from crm.database import current, insert, transaction
from crm.identity import Observed
from crm.ids import uuid7
from tests.cast import AT_THE_SHOW, NOON, WANG, value

SHOW = "chengdu-2025"


async def follows(rule: LeadRule | None) -> None:
    """The show is planned, and its registrations follow this rule."""
    stored = msgspec.json.encode(rule).decode() if rule else None
    async with transaction():
        await showcases.seed(at=NOON)
        await current().execute("update campaign set lead_rule = $2 where code = $1", SHOW, stored)


async def registers(
    *brands: str,
    person: dict[str, str] = WANG,
    agrees: tuple[str, ...] | None = None,
    at: datetime = NOON,
    **facts: Any,
) -> UUID:
    """Somebody registers for the show, names these brands, and agrees that dealers of these (or of all they named) may call."""
    async with transaction():
        words = await reference.load()
        source = await access.make_source("registration-page", kind="web")
        event = await occasions.event_of(SHOW, at=at)
        campaign = await occasions.campaign_of(SHOW, at=at)
        made, observation = uuid7(at), uuid7(at)
        [found] = await identity.resolve([_observed(observation, source, made, person, at)], at=at)
        said = {"person": person, "place": AT_THE_SHOW}
        row: dict[str, Any] = {
            "id": made, "event": event, "campaign": campaign, "observation": observation, "person": found.person,
            "source": source, "external_id": str(made), "body_hash": b"", "language": "zh",
            "sealed": vault.seal(msgspec.json.encode(said).decode(), place=f"registration|sealed|{made}"),
            "state": "confirmed", "registered_at": at, "confirmed_at": at, "leads_due_at": at,
        }  # fmt: skip
        await insert([Registration(**row | facts)])
        await insert(
            [
                RegistrationWish(id=uuid7(at), registration=made, rank=rank, brand=words.brands[code].id)
                for rank, code in enumerate(brands, start=1)
            ]
        )
        allowed = [words.brands[code].id for code in (brands if agrees is None else agrees)]
        answers = [consent.Answer("share_with_dealer", brand, "given") for brand in allowed]
        await insert(
            consent.rows(
                answers,
                person=found.person,
                observation=observation,
                captured_at=at,
                at=at,
                actor="tester",
                evidence=b"",
            )
        )
    return made


async def drives(registration: UUID, brand: str, *, at: datetime) -> None:
    """The guest's drive in a car of this brand took place."""
    async with transaction():
        words = await reference.load()
        event = await occasions.event_of(SHOW, at=at)
        slot = Slot(event=event, kind="test_drive", brand=words.brands[brand].id, starts_at=at, minutes=20, places=3)
        await slot.save()
        source = await access.make_source("registration-page", kind="web")
        booking = Booking(
            id=uuid7(at),
            slot=slot.id,
            registration=registration,
            source=source,
            external_id=str(uuid7(at)),
            state="confirmed",
            booked_at=at,
            confirmed_at=at,
            done_at=at,
        )
        await insert([booking])
        await current().execute("update registration set leads_due_at = $2 where id = $1", registration, at)


async def lead_of(registration: UUID) -> UUID | None:
    """The lead that a registration became."""
    lead: UUID | None = await value("select lead from registration where id = $1", registration)
    return lead


def _observed(observation: UUID, source: int, made: UUID, person: dict[str, str], at: datetime) -> Observed:
    return Observed(
        id=observation,
        source=source,
        external_id=str(made),
        captured_at=at,
        received_at=at,
        name=normalise.name(person.get("name", "")),
        phone=normalise.phone(person["phone"]) if "phone" in person else None,
        name_typed=person.get("name"),
        phone_typed=person.get("phone"),
    )


__all__ = ["SHOW", "LeadRule", "drives", "follows", "lead_of", "registers"]
