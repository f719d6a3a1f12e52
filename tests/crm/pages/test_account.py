"""One's own account: what one may change of oneself, and what that does to other browsers."""

import re
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher

from crm import origin
from crm.database import current, transaction
from crm.staff import passwords, sessions, totp
from tests.cast import browser, colleague, fetch, signed_in, value

OLD, NEW = "a quiet tent at noon", "a loud drum at dusk"
COOKIE = origin.SECURE_COOKIE


@pytest.fixture
async def me(clean_tables, monkeypatch):
    # What is tested is who may change it, not what guessing it would cost.
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
    client = await signed_in("auditor")
    async with transaction():
        await current().execute("update staff set password_hash = $1", await passwords.make(OLD))
    return client


async def another_browser():
    """One more browser in which the same colleague is signed in."""
    number = await value("select min(staff) from staff_session")
    async with transaction():
        return browser(await sessions.start(number, step="full", browser="Firefox, Linux", at=datetime.now(UTC)))


async def renewed_csrf(client):
    page = (await client.get("/account")).text
    client.headers["x-csrf-token"] = re.findall(r'name="_csrf" value="(\w+)"', page)[0]


async def secret_of(client):
    await client.post("/account/second-factor")
    page = (await client.get("/account/second-factor")).text
    return re.findall(r'data-copy="([A-Z2-7]{32})"', page)[0]


async def with_second_factor(client):
    secret = await secret_of(client)
    digits = totp.code(secret, totp.step_at(datetime.now(UTC)))
    answer = await client.post("/account/second-factor/confirmation", data={"code": digits})
    await renewed_csrf(client)
    return re.findall(r"<code>([\w-]{14})</code>", answer.text)


async def test_preferences_are_kept_and_used_at_once(me):
    answer = await me.post("/account/preferences", data={"language": "zh-Hans", "time_zone": "Europe/London"})

    page = await me.get("/account")
    assert answer.headers["location"] == "/account"
    assert '<html lang="zh-Hans"' in page.text
    assert [tuple(row) for row in await fetch("select language, time_zone, shortcuts from staff")] == [
        ("zh-Hans", "Europe/London", False)
    ]


@pytest.mark.parametrize("wrong", [{"time_zone": "Mars/Olympus"}, {"time_zone": "../etc/passwd"}, {"language": "tlh"}])
async def test_a_zone_or_language_that_is_not_there_is_refused(me, wrong):
    answer = await me.post("/account/preferences", data={"time_zone": "UTC"} | wrong)

    assert answer.status_code == 422
    assert "Please choose one of the list." in answer.text


async def test_a_new_password_needs_the_old_one_and_leaves_this_browser_alone_signed_in(me):
    other, before = await another_browser(), me.cookies[COOKIE]

    answer = await me.post("/account/password", data={"password": OLD, "new_password": NEW, "again": NEW})

    assert answer.status_code == 303
    assert (await other.get("/account")).status_code == 303
    assert (await browser(before).get("/account")).status_code == 303
    assert (await me.get("/account")).status_code == 200
    assert await passwords.fits(await value("select password_hash from staff"), NEW)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"password": "guess"}, "This is not your password."),
        ({"again": "something else"}, "The two are not the same."),
        ({"new_password": "short", "again": "short"}, "Use 10 to 200 characters."),
        ({"again": ""}, "Please fill this in."),
    ],
)
async def test_a_password_is_not_changed_by_a_slip(me, typed, told):
    answer = await me.post("/account/password", data={"password": OLD, "new_password": NEW, "again": NEW} | typed)

    assert answer.status_code == 422
    assert told in answer.text
    assert NEW not in answer.text
    assert (await me.get("/account")).status_code == 200


async def test_guessing_the_old_password_here_is_counted_like_at_the_door(me):
    for _ in range(5):
        await me.post("/account/password", data={"password": "guess", "new_password": NEW, "again": NEW})

    answer = await me.post("/account/password", data={"password": OLD, "new_password": NEW, "again": NEW})

    assert answer.status_code == 429


async def test_a_second_factor_is_set_up_by_its_picture_and_first_digits(me):
    other = await another_browser()

    page = (await me.get("/account/second-factor")).status_code
    codes = await with_second_factor(me)

    assert page == 303
    assert len(codes) == len(set(codes)) == 10
    assert (await other.get("/account")).status_code == 303
    assert "10 recovery codes left" in (await me.get("/account")).text


async def test_the_picture_has_no_style_of_its_own(me):
    await secret_of(me)
    page = await me.get("/account/second-factor")

    assert 'class="mq-qr"' in page.text
    assert not re.search(r"<[^>]+\sstyle=|<style|<script(?! src=)", page.text)


async def test_wrong_digits_show_the_same_picture_again(me):
    secret = await secret_of(me)

    answer = await me.post("/account/second-factor/confirmation", data={"code": "000000"})

    assert answer.status_code == 422
    assert secret in answer.text
    assert not await value("select count(*) from recovery_code")


async def test_recovery_codes_are_shown_once(me):
    codes = await with_second_factor(me)

    for path in ("/account", "/account/second-factor"):
        assert codes[0] not in (await me.get(path)).text


async def test_turning_it_off_needs_the_telephone_or_a_code(me):
    codes = await with_second_factor(me)

    guessed = await me.post("/account/second-factor/removal", data={"code": "000000"})
    proven = await me.post("/account/second-factor/removal", data={"code": codes[0]})

    assert (guessed.status_code, proven.status_code) == (422, 303)
    assert await value("select totp is null and totp_confirmed_at is null from staff")


async def test_a_factor_in_force_is_not_replaced_without_taking_it_off(me):
    await with_second_factor(me)

    assert (await me.post("/account/second-factor")).status_code == 409


async def test_browsers_are_listed_and_signed_out_one_by_one_or_all(me):
    first, second = await another_browser(), await another_browser()
    page = (await me.get("/account/sessions")).text
    endings = re.findall(r'action="(/account/sessions/[\w-]{36}/ending)"', page)
    assert len(endings) == 3

    here = await value("select max(id::text) from staff_session")
    await me.post(f"/account/sessions/{here}/ending")
    left = [(await client.get("/account")).status_code for client in (first, second)]
    await me.post("/account/sessions/ending")

    assert sorted(left) == [200, 303]
    assert [(await client.get("/account")).status_code for client in (first, second, me)] == [303, 303, 200]


async def test_a_browser_of_somebody_else_is_not_there(me):
    other = await colleague("analyst")

    assert (await me.post(f"/account/sessions/{other.session}/ending")).status_code == 404


async def test_an_account_is_for_every_role(tmp_path):
    for role in ("analyst", "event_desk", "auditor"):
        client = await signed_in(role)
        assert [(await client.get(path)).status_code for path in ("/account", "/account/sessions")] == [200, 200]
