"""A car is kept once, sealed, with everybody who was said to own it; it never makes two people one."""

import pytest

from crm import vault, vehicles
from crm.database import transaction
from crm.vehicles import Owned
from tests.cast import DAY, DU, LI, NOON, fetch, person_of, registration, send, source, value

VIN = "LSVAA4182E2100001"


@pytest.fixture
async def owners():
    """Two people with the observation that each was met in."""
    outcomes = await send(registration(person=DU), registration(person=LI))
    return [(await person_of(outcome.lead_id), outcome.observation) for outcome in outcomes]


async def record(*owned, at=NOON):
    desk = await source()
    async with transaction():
        await vehicles.record([Owned(vin, person, observation, desk.id) for vin, (person, observation) in owned], at=at)


async def test_a_car_is_sealed_and_found_by_its_key_alone(owners):
    await record((VIN, owners[0]))

    [car] = await fetch("select id, vin, match_key from vehicle")
    assert VIN.encode() not in bytes(car["vin"]) + bytes(car["match_key"])
    assert car["match_key"] == vault.match_key("vin", VIN)
    assert vault.open_(car["vin"], place=f"vehicle|vin|{car['id']}") == VIN


async def test_a_car_that_was_told_twice_is_one_car_and_one_statement(owners):
    await record((VIN, owners[0]))
    await record((VIN, owners[0]), at=NOON + DAY)

    assert await value("select count(*) from vehicle") == 1
    assert [row["valid_from_on"] for row in await fetch("select valid_from_on from ownership")] == [NOON.date()]


async def test_two_people_may_be_said_to_own_one_car_and_stay_two(owners):
    await record((VIN, owners[0]), (VIN, owners[1]))

    told = await fetch("select person from ownership order by id")
    assert {row["person"] for row in told} == {person for person, _ in owners}
    assert await value("select count(*) from person where status = 'merged'") == 0
