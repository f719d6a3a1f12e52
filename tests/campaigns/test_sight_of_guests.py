"""What a brand's people and a region's see of guests: their own, in their own cars, where they live; and no more of the rest than is said."""

from datetime import timedelta

import pytest

from campaigns import figures, guests, lead_rules, registering
from campaigns.guests import Filters
from crm.database import current, transaction
from crm.roles import visible_to
from tests.campaigns.registering.coming import TOMORROW, a_slot, an_event, comes
from tests.cast import NOON, WANG, colleague, says

SHANGHAI = {"region_code": "310104"}
AGREES = [says(True, "aito", purpose="share_with_brand")]


@pytest.fixture
async def tent(clean_tables):
    return await an_event(partners=("aito", "luxeed"), city="成都市武侯区")


async def scope_of(role, **limits):
    return visible_to(await colleague(role, **limits))


async def test_a_brand_does_not_see_what_its_guest_drives_of_another(tent):
    rival, own = await a_slot(tent, model="R7"), await a_slot(tent, starts_at=TOMORROW + timedelta(hours=1))
    guest = await comes(tent, person=WANG, wishes=[{"model": "M9"}, {"model": "R7"}], consents=AGREES, slot=rival.id)
    scope, everywhere = await scope_of("brand_marketer", brand="aito"), await scope_of("alliance_marketer")

    async with transaction():
        await registering.book_for(guest.id, own.id, at=NOON, by="staff")
        seen, whole = await guests.one(guest.id, scope), await guests.one(guest.id, everywhere)
        found = await guests.listed(Filters(campaign=tent.campaign, slot=rival.id), scope)

    assert [one.slot for one in seen.bookings] == [own.id]
    assert {one.slot for one in whole.bookings} == {rival.id, own.id}
    assert found.rows == ()


async def test_a_region_sees_who_lives_there_or_comes_there(tent):
    away = await comes(tent, wishes=[{"model": "M9"}], place=SHANGHAI)
    here = await comes(tent, wishes=[{"model": "M9"}])
    scope = await scope_of("regional_manager", brand="aito", region="510000")

    async with transaction():
        found = await guests.listed(Filters(campaign=tent.campaign), scope)

    assert {one.id for one in found.rows} == {here.id}
    assert away.id != here.id


async def test_what_came_by_a_channel_and_became_a_lead_is_told_to_a_brand_of_its_own_guests_alone(tent):
    async with transaction():
        channel = await current().fetchval(
            "insert into channel (campaign, code, name, medium, slug, created_at) values ($1, 'poster', 'p', 'poster', 'abcdefg', $2) returning id",
            tent.campaign,
            NOON,
        )
    await comes(tent, wishes=[{"model": "M9"}], channel="poster")
    await comes(tent, wishes=[{"model": "R7"}], channel="poster")
    scope, everywhere = await scope_of("brand_marketer", brand="aito"), await scope_of("alliance_marketer")

    async with transaction():
        mine, whole = [(await figures.figures(tent.campaign, one)).channels[channel] for one in (scope, everywhere)]
        followed, all_of_them = [await lead_rules.followed(tent.campaign, one) for one in (scope, everywhere)]

    assert (mine.registrations, whole.registrations) == (1, 2)
    assert (followed.others, all_of_them.others) == (1, 2)
