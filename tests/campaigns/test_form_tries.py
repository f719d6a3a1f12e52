"""How often public forms may be sent: counted together by everybody, kept for an hour, readable by nobody."""

import asyncio
from datetime import timedelta

import pytest

from campaigns import form_tries
from campaigns.jobs import JOBS
from crm.database import transaction
from crm.work import until_idle
from tests.cast import MINUTE, NOON, fetch, value

HOUR = timedelta(hours=1)


async def tries(address="10.0.0.1", contact="+8613788997665", at=NOON):
    async with transaction():
        await form_tries.count(address=address, contacts=[contact], at=at)


async def test_many_at_once_count_like_many_in_a_row():
    outcomes = await asyncio.gather(
        *(tries(address=f"10.0.0.{n}") for n in range(form_tries.BY_CONTACT + 4)), return_exceptions=True
    )

    assert sum(outcome is None for outcome in outcomes) == form_tries.BY_CONTACT
    assert {type(outcome) for outcome in outcomes if outcome} == {form_tries.TooManyForms}


async def test_an_hour_later_the_same_contact_may_again_and_what_counted_is_gone():
    for _ in range(form_tries.BY_CONTACT):
        await tries()
    with pytest.raises(form_tries.TooManyForms):
        await tries(at=NOON + 59 * MINUTE)

    await tries(at=NOON + HOUR)
    await until_idle(JOBS, at=NOON + HOUR)

    assert await value("select count(*) from form_try") == 2


async def test_neither_address_nor_contact_is_kept():
    await tries()

    kept = b"".join(row["key"] for row in await fetch("select key from form_try"))
    assert (len(kept), b"10.0.0.1" in kept, b"13788997665" in kept) == (64, False, False)
