"""Everybody hears their own."""

import re

import pytest

from crm.database import transaction
from crm.staff import notifications
from tests.cast import NOON, colleague, signed_in, value


async def tell(number, kind="bulk_done", **details):
    async with transaction():
        await notifications.notify_staff([number], kind, href="/bulk/7", at=NOON, **details)


@pytest.fixture
async def me(clean_tables):
    return await signed_in("alliance_marketer")


async def mine():
    return await value("select id from staff where role = 'alliance_marketer' order by id limit 1")


async def test_a_notification_is_told_in_words_and_leads_on(me):
    await tell(await mine(), done=3, total=4)

    page = (await me.get("/notifications")).text
    assert "A bulk change is done: 3 of 4" in page
    [reading] = re.findall(r'action="(/notifications/\d+/reading)"', page)
    answer = await me.post(reading)

    assert answer.headers["location"] == "/bulk/7"
    assert await value("select count(*) from notification where read_at is not null") == 1


async def test_the_bell_counts_what_is_unread(me):
    for _ in range(3):
        await tell(await mine(), done=1, total=1)

    assert "<span>3<" in (await me.get("/notifications/bell")).text
    await me.post("/notifications/reading")
    assert "<span>" not in (await me.get("/notifications/bell")).text


async def test_nobody_hears_or_reads_what_is_for_another(me):
    other = await colleague("auditor")
    await tell(other.id, done=1, total=1)
    number = await value("select id from notification")

    assert "A bulk change" not in (await me.get("/notifications")).text
    assert (await me.post(f"/notifications/{number}/reading")).status_code == 404
    assert await value("select read_at is null from notification")


async def test_a_kind_without_words_and_a_detail_that_is_missing_break_nothing(me):
    await tell(await mine(), "unheard_of")
    await tell(await mine(), "bulk_done")

    page = await me.get("/notifications")

    assert "Something happened" in page.text
    assert "A bulk change is done" in page.text


async def test_a_disabled_colleague_hears_nothing(me):
    other = await colleague("auditor")
    async with transaction() as connection:
        await connection.execute("update staff set disabled_at = now() where id = $1", other.id)
    await tell(other.id)

    assert await value("select count(*) from notification") == 0


async def test_all_who_may_do_something_are_found_by_brand():
    admin, aito, luxeed = [
        await colleague("alliance_admin"),
        await colleague("brand_marketer"),
        await colleague("brand_marketer", brand="luxeed"),
    ]
    async with transaction():
        found = await notifications.staff_who_may("leads.see", brand=aito.brand)

    assert admin.id in found
    assert aito.id in found
    assert luxeed.id not in found
