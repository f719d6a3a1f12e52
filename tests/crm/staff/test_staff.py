"""Who works here: roles have their limits, and somebody who leaves is gone at once."""

from datetime import UTC, datetime

import asyncpg
import pytest

from crm import staff
from crm.database import current, transaction
from crm.errors import Invalid
from crm.staff import Duty, sessions
from tests.cast import NOON, colleague, fetch, open_chengdu, value

ADMIN = "staff:0"
OF_AITO = Duty("brand_marketer", brand="aito")


async def add(login="lin@marquee.test", *, duty=OF_AITO, name="林晓帆"):
    async with transaction():
        return await staff.add(login, name=name, duty=duty, password_hash="kept", actor=ADMIN, at=NOON)


async def change(number, duty, *, version=1, actor=ADMIN, name="林晓帆"):
    async with transaction():
        await staff.change(number, name=name, duty=duty, version=version, actor=actor, at=NOON)


async def show(number):
    async with transaction():
        return await staff.show(number, at=NOON)


async def signed_in(number):
    at = datetime.now(UTC)
    async with transaction():
        token = await sessions.start(number, step="full", browser="", at=at)

    async def still():
        async with transaction():
            return await sessions.find(token, at=at) is not None

    assert await still()
    return still


async def test_a_new_colleague_has_a_role_with_its_limits():
    shown = await show(await add(" Lin@Marquee.test "))

    assert (shown.login, shown.duty) == ("lin@marquee.test", Duty("brand_marketer", brand="aito"))
    assert await value("select details->>'role' from history_entry where action = 'staff_added'") == "brand_marketer"


@pytest.mark.parametrize(
    ("duty", "wrong"),
    [
        (Duty("brand_marketer"), ["brand"]),
        (Duty("regional_manager"), ["brand", "region"]),
        (Duty("regional_manager", brand="aito", region="519999"), ["region"]),
        (Duty("store"), ["dealer"]),
        (Duty("store", dealer="D404"), ["dealer"]),
        (Duty("alliance_admin", brand="aito"), ["brand"]),
        (Duty("auditor", region="510000"), ["region"]),
        (Duty("analyst", dealer="D1"), ["dealer"]),
    ],
)
async def test_a_role_without_its_limits_or_with_others_is_refused(duty, wrong, tmp_path):
    await open_chengdu(tmp_path)

    with pytest.raises(Invalid) as refusal:
        await add(duty=duty)
    assert [fault["path"] for fault in refusal.value.errors] == wrong


@pytest.mark.parametrize(
    "duty",
    [
        "'brand_marketer', null, null",
        "'regional_manager', 1, null",
        "'store', 1, null",
        "'auditor', null, '510000'",
        "'boss', null, null",
    ],
)
async def test_the_database_refuses_them_too(duty):
    with pytest.raises(asyncpg.CheckViolationError):
        async with transaction():
            await current().execute(
                "insert into staff (login, name, role, brand, region, totp_step, time_zone, shortcuts, created_at, created_by, version)"
                f" values ('x', 'x', {duty}, 0, 'UTC', true, now(), 'x', 1)"
            )


@pytest.mark.parametrize("login", ["", "x", "Zhou Lan", "周岚", "a@b@c", "x" * 121])
async def test_a_login_can_be_typed_on_every_keyboard(login):
    with pytest.raises(Invalid):
        await add(login)


async def test_a_login_belongs_to_one():
    await add()

    with pytest.raises(Invalid, match="see errors"):
        await add("LIN@marquee.test")


async def test_another_role_ends_every_session():
    number = await add()
    still = await signed_in(number)

    await change(number, Duty("brand_marketer", brand="luxeed"))

    assert not await still()
    details = await value("select details from history_entry where action = 'role_changed'")
    assert '"luxeed"' in details


async def test_another_name_ends_none():
    number = await add()
    still = await signed_in(number)

    await change(number, Duty("brand_marketer", brand="aito"), name="林晓")

    assert await still()
    assert (await show(number)).name == "林晓"


async def test_the_second_of_two_who_change_a_colleague_is_told():
    number = await add()
    await change(number, Duty("brand_marketer", brand="luxeed"))

    with pytest.raises(staff.ChangedMeanwhile):
        await change(number, Duty("brand_marketer", brand="stelato"))
    assert (await show(number)).brand == "luxeed"


async def test_a_disabled_colleague_is_out_at_once_and_may_come_back():
    number = await add()
    still = await signed_in(number)

    async with transaction():
        await staff.disable(number, actor=ADMIN, at=NOON)
    assert not await still()
    async with transaction():
        await staff.enable(number, actor=ADMIN, at=NOON)

    assert not await still()
    assert [row[0] for row in await fetch("select action from history_entry order by id")] == [
        "staff_added",
        "staff_disabled",
        "staff_enabled",
    ]


async def test_the_alliance_keeps_an_administrator():
    admin = await colleague("alliance_admin")

    for attempt in (
        staff.disable(admin.id, actor=ADMIN, at=NOON),
        staff.change(admin.id, name="x", duty=Duty("auditor"), version=1, actor=ADMIN, at=NOON),
    ):
        with pytest.raises(staff.LastAdministrator):
            async with transaction():
                await attempt


async def test_nobody_takes_their_own_role_away():
    first, _ = await colleague("alliance_admin"), await colleague("alliance_admin")

    with pytest.raises(staff.NotYourself):
        async with transaction():
            await staff.disable(first.id, actor=first.actor, at=NOON)
    with pytest.raises(staff.NotYourself):
        await change(first.id, Duty("auditor"), actor=first.actor)


async def test_a_new_password_and_a_lost_telephone_end_every_session():
    for what in (
        lambda number: staff.set_password(number, "kept", actor=ADMIN, at=NOON),
        lambda number: staff.reset_second_factor(number, actor=ADMIN, at=NOON),
    ):
        actor = await colleague("auditor")
        still = await signed_in(actor.id)
        async with transaction():
            await what(actor.id)
        assert not await still()


async def test_the_list_is_by_login_and_finds_by_name():
    for login, name in (("b@x", "罗川"), ("a@x", "周岚"), ("c@x", "严敏")):
        await add(login, name=name)
    async with transaction():
        await staff.disable(await staff.find("c@x"), actor=ADMIN, at=NOON)

        assert [one.login for one in await staff.everybody(at=NOON)] == ["a@x", "b@x"]
        assert [one.login for one in await staff.everybody(at=NOON, after="a@x", disabled="all")] == ["b@x", "c@x"]
        assert [one.login for one in await staff.everybody(at=NOON, text="周")] == ["a@x"]
        assert [one.login for one in await staff.everybody(at=NOON, disabled="yes")] == ["c@x"]
        assert await staff.everybody(at=NOON, role="auditor") == []
