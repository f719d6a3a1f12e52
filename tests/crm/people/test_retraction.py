"""Observations taken back leave standing what others said, whoever was thought to have said it at the time."""

import pytest

from crm import vehicles
from crm.database import transaction
from crm.people import retraction
from crm.vehicles import Owned
from tests.cast import DU, LI, NOON, fetch, person_of, registration, send, source, value

VIN, OTHER_VIN = "LSVAA4182E2100001", "LSVAA4182E2100002"


@pytest.fixture
async def told_of_one():
    """Two people; what the second registration said of a car was once thought to be the first one's."""
    first, second = await send(registration(person=DU), registration(person=LI))
    person, desk = await person_of(first.lead_id), await source()
    async with transaction() as connection:
        assert second.observation
        await vehicles.record([Owned(VIN, person, second.observation, desk.id)], at=NOON)
        await connection.execute("delete from interest where lead = $1", first.lead_id)
        await connection.execute("delete from submission where lead = $1", first.lead_id)
        await connection.execute("delete from lead where id = $1", first.lead_id)
    return first, second, person


async def take_back(observation):
    async with transaction():
        await retraction.take_back([observation], at=NOON)


async def test_a_car_that_another_observation_told_of_goes_to_whom_that_one_belongs(told_of_one):
    first, second, person = told_of_one

    await take_back(first.observation)

    assert await value("select count(*) from person where id = $1", person) == 0
    assert [row["person"] for row in await fetch("select person from ownership")] == [await person_of(second.lead_id)]


async def test_a_car_that_they_were_said_to_own_already_is_theirs_once(told_of_one):
    first, second, _ = told_of_one
    desk, theirs = await source(), await person_of(second.lead_id)
    async with transaction():
        await vehicles.record([Owned(VIN, theirs, second.observation, desk.id)], at=NOON)

    await take_back(first.observation)

    assert [row["person"] for row in await fetch("select person from ownership")] == [theirs]


async def test_a_car_of_which_nobody_speaks_any_more_is_gone(told_of_one):
    first, second, person = told_of_one
    desk = await source()
    async with transaction() as connection:
        await vehicles.record([Owned(OTHER_VIN, person, first.observation, desk.id)], at=NOON)
        await connection.execute("update link set closed_at = $2 where observation = $1", second.observation, NOON)

    await take_back(first.observation)

    assert [await value(f"select count(*) from {table}") for table in ("ownership", "vehicle")] == [0, 0]
