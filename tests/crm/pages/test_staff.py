"""Administrators add, change and disable colleagues on pages; nobody else does."""

import re

import pytest

from crm.database import current, transaction
from crm.roles import ROLES
from crm.staff import passwords
from tests.cast import browser, colleague, fetch, open_chengdu, signed_in, value

LIN = {"login": "lin@marquee.test", "name": "林晓帆", "role": "brand_marketer", "brand": "aito"}


@pytest.fixture
async def admin(clean_tables):
    return await signed_in("alliance_admin")


async def added(admin, **said):
    answer = await admin.post("/staff", data=LIN | said)
    assert answer.status_code == 200, answer.text
    return await value("select id from staff where login = $1", (LIN | said)["login"])


@pytest.mark.parametrize("role", [role for role in ROLES if role != "alliance_admin"])
async def test_only_an_administrator_sees_staff(role, tmp_path):
    await open_chengdu(tmp_path)

    client = await signed_in(role)

    assert (await client.get("/staff")).status_code == 403
    assert (await client.post("/staff", data=LIN)).status_code == 403


async def test_a_colleague_gets_a_password_that_is_shown_once_and_fits(admin):
    answer = await admin.post("/staff", data=LIN)

    [password] = re.findall(r'class="mq-secret">([\w-]{19})<', answer.text)
    number, kept = (await fetch("select id, password_hash from staff where login = $1", LIN["login"]))[0]
    assert await passwords.fits(kept, password)
    assert password not in (await admin.get(f"/staff/{number}")).text


async def test_what_does_not_fit_comes_back_with_what_was_typed(admin):
    answer = await admin.post("/staff", data=LIN | {"brand": "", "name": "<b>林</b>"})

    assert answer.status_code == 422
    assert "This role needs a brand." in answer.text
    assert "&lt;b&gt;林&lt;/b&gt;" in answer.text
    assert await value("select count(*) from staff") == 1


async def test_a_role_that_nobody_has_is_refused(admin):
    assert (await admin.post("/staff", data=LIN | {"role": "boss"})).status_code == 422


async def test_the_list_finds_by_name_role_and_state(admin):
    await added(admin)
    gone = await added(admin, login="luo@marquee.test", name="罗川")
    await admin.post(f"/staff/{gone}/disabling")

    async def shown(query):
        return set(re.findall(r'"mq-under">(\w+)@marquee.test', (await admin.get(f"/staff?{query}")).text))

    assert await shown("role=brand_marketer") == {"lin"}
    assert await shown("disabled=yes") == {"luo"}
    assert await shown("disabled=all&q=罗") == {"luo"}
    assert await shown("q=nobody") == set()


async def test_a_change_is_saved_and_told(admin):
    number = await added(admin)

    answer = await admin.post(
        f"/staff/{number}",
        data={"name": "林晓", "role": "analyst", "version": "1", "brand": "", "region": "", "dealer": ""},
    )

    assert answer.headers["location"] == f"/staff/{number}"
    assert [tuple(row) for row in await fetch("select name, role, brand from staff where id = $1", number)] == [
        ("林晓", "analyst", None)
    ]


async def test_the_second_of_two_administrators_sees_both_and_loses_nothing(admin):
    number = await added(admin)
    await admin.post(
        f"/staff/{number}", data={"name": "林一", "role": "brand_marketer", "brand": "aito", "version": "1"}
    )
    mine = {"name": "林二", "role": "brand_marketer", "brand": "luxeed", "version": "1"}

    answer = await admin.post(f"/staff/{number}", data=mine)

    assert answer.status_code == 409
    assert "林一" in answer.text
    assert 'value="林二"' in answer.text
    [version] = re.findall(r'name="version" value="(\d+)"', answer.text)
    assert (await admin.post(f"/staff/{number}", data=mine | {"version": version})).status_code == 303
    assert await value("select name from staff where id = $1", number) == "林二"


async def test_whoever_is_disabled_is_out_with_the_next_click(admin):
    victim = await signed_in("auditor")
    number = await value("select id from staff where role = 'auditor'")
    assert (await victim.get("/account")).status_code == 200

    answer = await admin.post(f"/staff/{number}/disabling")

    assert answer.status_code == 303
    assert (await victim.get("/account")).status_code == 303
    await admin.post(f"/staff/{number}/enabling")
    assert (await victim.get("/account")).status_code == 303


async def test_a_new_role_counts_from_the_next_click(admin):
    victim = await signed_in("alliance_marketer")
    number = await value("select id from staff where role = 'alliance_marketer'")

    await admin.post(f"/staff/{number}", data={"name": "x", "role": "analyst", "version": "1"})

    assert (await victim.get("/account")).status_code == 303


async def test_a_lost_telephone_is_taken_off_and_a_new_password_given(admin):
    other = await colleague("auditor")
    async with transaction():
        await current().execute("update staff set totp = 'x', totp_confirmed_at = now() where id = $1", other.id)

    await admin.post(f"/staff/{other.id}/second-factor/removal")
    answer = await admin.post(f"/staff/{other.id}/password")

    assert "mq-secret" in answer.text
    assert await value("select totp is null and password_hash is not null from staff where id = $1", other.id)


async def test_the_last_administrator_stays(admin):
    number = await value("select id from staff")

    assert (await admin.post(f"/staff/{number}/disabling")).status_code == 409
    assert await value("select disabled_at is null from staff")


async def test_a_number_nobody_has_is_not_there(admin):
    for path in ("/staff/999", "/staff/0"):
        assert (await admin.get(path)).status_code == 404


async def test_a_write_from_another_site_changes_nothing(admin):
    other = await colleague("auditor")
    admin.headers["sec-fetch-site"] = "cross-site"

    assert (await admin.post(f"/staff/{other.id}/disabling")).status_code == 403
    assert await value("select disabled_at is null from staff where id = $1", other.id)


async def test_a_stranger_is_led_to_the_door():
    assert (await browser().get("/staff")).headers["location"] == "/sign-in?next=%2Fstaff"
