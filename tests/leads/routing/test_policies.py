"""A policy makes sense as a whole, and each moment has the version that was active then."""

from datetime import timedelta

import msgspec
import pytest

from crm.database import current, transaction
from leads.routing import policies
from leads.routing.policies import Policy
from tests.leads.wishing import NOON, brand_id


@pytest.mark.parametrize(
    "wrong",
    [
        b'{"expire_minutes": 10}',
        b'{"tiers": []}',
        b'{"tiers": ["city", "city"]}',
        b'{"max_offer": 2}',
        b'{"near_km": -1}',
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(wrong, type=Policy)


async def test_a_new_version_takes_over_at_its_moment():
    async with transaction():
        brand = await brand_id("aito")
        await current().execute("update routing_policy set active_until = $2 where brand = $1", brand, NOON)
        await current().execute(
            "insert into routing_policy (brand, version, data, active_from) values ($1, 2, $2, $3)",
            brand,
            '{"answer_minutes": 5}',
            NOON,
        )

        before = (await policies.active([brand], at=NOON - timedelta(seconds=1)))[brand]
        after = (await policies.active([brand], at=NOON))[brand]

    assert (before.version, before.rules.answer_minutes) == (1, 30)
    assert (after.version, after.rules.answer_minutes) == (2, 5)


async def test_seeding_leaves_a_brands_own_policy_alone():
    async with transaction():
        brand = await brand_id("aito")
        await current().execute("""update routing_policy set data = '{"max_offers": 5}' where brand = $1""", brand)
        await policies.seed(active_from=NOON)

        assert (await policies.active([brand], at=NOON))[brand].rules.max_offers == 5


async def test_a_brand_without_a_policy_stops_the_work_instead_of_being_guessed():
    async with transaction():
        with pytest.raises(policies.NoPolicy):
            await policies.active([await brand_id("aito")], at=NOON.replace(year=1999))
