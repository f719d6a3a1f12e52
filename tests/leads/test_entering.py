"""Whoever writes a lead down hears of somebody known only what their own brand was told."""

from typing import Any

import pytest

from crm import people
from crm.database import transaction
from crm.people import corrections
from crm.roles import visible_to
from leads import entering
from tests.cast import LI, MINUTE, NOON, WANG, a_lead, colleague, open_chengdu, person_of, says, value, wants

LATER = NOON + MINUTE
OTHER_PHONE = "13900001234"


@pytest.fixture(autouse=True)
async def chengdu(tmp_path):
    await open_chengdu(tmp_path)


async def is_known(actor, phone):
    async with transaction():
        return await entering.joins_somebody_known(visible_to(actor), phone=phone, email=None)


async def test_a_number_that_the_own_brand_was_told_is_known():
    await a_lead()

    assert await is_known(await colleague("brand_marketer"), WANG["phone"])
    assert not await is_known(await colleague("brand_marketer"), LI["phone"])


async def test_a_number_that_only_another_brand_was_told_is_new_even_of_somebody_they_know():
    ours = await person_of(await a_lead())
    luxeed: dict[str, Any] = {"interests": [wants("luxeed")], "consents": [says(True, "luxeed")]}
    theirs = await person_of(await a_lead(person={"name": "李娜萌", "phone": OTHER_PHONE}, **luxeed))
    async with transaction():
        await people.merge(ours, theirs, actor="staff:cli", reason="one person", at=LATER)

    assert not await is_known(await colleague("brand_marketer"), OTHER_PHONE)
    assert await is_known(await colleague("alliance_marketer"), OTHER_PHONE)


async def test_a_number_that_the_own_brand_put_right_is_known():
    actor = await colleague("brand_marketer")
    person = await person_of(await a_lead())
    version = await value("select version from person where id = $1", person)
    async with transaction():
        await corrections.correct(
            person, field="phone", value=OTHER_PHONE, heard="customer_by_phone", actor=actor,
            brand=actor.brand, version=version, at=LATER,
        )  # fmt: skip

    assert await is_known(actor, OTHER_PHONE)
