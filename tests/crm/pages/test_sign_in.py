"""The door: what a browser sees and carries when it signs in and out."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app import create_demo_app
from crm import history, origin, staff
from crm.database import current, transaction
from crm.pages.sign_in import is_ours
from crm.staff import Duty, passwords, second_factor, throttle, totp
from leads.demo import colleagues
from leads.demo.showcase import STAGED
from tests.cast import a_lead, browser, colleague, fetch, open_chengdu, signed_in, value

PASSWORD = "a quiet tent at noon"
COOKIE = origin.SECURE_COOKIE


@pytest.fixture
async def lin(clean_tables, monkeypatch):
    """林晓帆 with a password that costs nothing to compare."""

    async def fits(kept, password):
        return kept is not None and password == PASSWORD

    monkeypatch.setattr(passwords, "fits", fits)
    monkeypatch.setattr(passwords, "is_outdated", lambda _: False)
    async with transaction():
        return await staff.add(
            "lin@marquee.test",
            name="林晓帆",
            duty=Duty("brand_marketer", brand="aito"),
            password_hash="kept",
            actor="tester",
            at=datetime.now(UTC),
        )


async def post(client, path="/sign-in", **fields):
    return await client.post(path, data={"login": "lin@marquee.test", "password": PASSWORD} | fields)


async def test_the_door_is_a_plain_form_in_two_languages():
    english, chinese = await browser().get("/sign-in"), await browser(**{"accept-language": "zh-CN"}).get("/sign-in")

    assert english.status_code == chinese.status_code == 200
    assert "Sign in" in english.text
    assert "登录" in chinese.text
    assert not re.search(r"<[^>]+\sstyle=|<style|\son\w+=|<script(?! src=)", english.text)


async def test_who_signs_in_gets_a_cookie_of_this_host_alone_and_goes_on(lin):
    answer = await post(browser(), next="/leads?brand=aito&after=x%2Fy")

    assert (answer.status_code, answer.headers["location"]) == (303, "/leads?brand=aito&after=x%2Fy")
    assert set(re.split("; ?", answer.headers["set-cookie"].lower().partition(";")[2].strip())) == {
        "path=/",
        "httponly",
        "secure",
        "samesite=lax",
    }
    assert answer.headers["set-cookie"].startswith(f"{COOKIE}=")


async def test_a_cookie_planted_before_is_worthless_afterwards(lin):
    planted = (await signed_in("auditor")).cookies[COOKIE]
    client = browser(planted)

    answer = await post(client)

    fresh = answer.headers["set-cookie"].split(";")[0].partition("=")[2]
    assert fresh not in ("", planted)
    assert (await browser(planted).get("/account")).status_code == 303
    assert (await browser(fresh).get("/account")).status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.test",
        "//evil.test",
        "/\\evil.test",
        "/\t/evil.test",
        "\\\\evil.test",
        "javascript:alert(1)",
        "/ /evil.test",
        "/sign-out",
    ],
)
async def test_next_leads_nowhere_but_to_us(lin, elsewhere):
    answer = await post(browser(), next=elsewhere)

    assert answer.headers["location"] == "/"
    assert not is_ours(elsewhere)


async def test_a_wrong_password_and_an_unknown_login_are_answered_alike(lin):
    wrong = await post(browser(), password="guess")
    unknown = await post(browser(), login="nobody@marquee.test", password="guess")

    assert wrong.status_code == unknown.status_code == 422
    assert "After 4 more tries this address waits 15 minutes." in wrong.text
    assert wrong.text.replace("lin@", "nobody@") == unknown.text
    assert "guess" not in wrong.text


async def test_after_too_many_tries_the_page_says_how_long_to_wait(lin):
    for _ in range(throttle.LIMITS["both"]):
        last = await post(browser(), password="guess")

    answer = await post(browser())

    assert "This address now waits 15 minutes." in last.text
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "900")
    assert "Please wait 15 min" in answer.text


async def test_an_empty_form_says_what_is_missing():
    answer = await post(browser(), password="")

    assert answer.status_code == 422
    assert 'href="#password"' in answer.text


async def test_a_second_factor_is_asked_for_and_its_digits_open_the_house(lin):
    async with transaction():
        draft = await second_factor.begin(lin)
        await current().execute("update staff set totp_confirmed_at = now()")
    client = browser()

    asked = await post(client, next="/leads")
    assert asked.headers["location"] == "/sign-in/second-factor?next=/leads"
    assert (await client.get("/account")).status_code == 303
    assert (await post(client, "/sign-in/second-factor", code="000000", login=[], password=[])).status_code == 422
    digits = totp.code(draft.secret, totp.step_at(datetime.now(UTC)))
    answer = await post(client, "/sign-in/second-factor", code=digits, next="/leads", login=[], password=[])

    assert (answer.status_code, answer.headers["location"]) == (303, "/leads")
    assert (await client.get("/account")).status_code == 200


async def test_digits_without_a_password_before_them_lead_back_to_the_door():
    answer = await browser().post("/sign-in/second-factor", data={"code": "123456"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_a_form_of_another_site_signs_nobody_in(lin):
    answer = await post(browser(**{"sec-fetch-site": "cross-site"}))

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_no_password_is_taken_where_others_read_along(lin):
    plain = httpx.AsyncClient(transport=browser()._transport, base_url="http://10.0.0.7", headers=browser().headers)

    page, answer = await plain.get("/sign-in"), await post(plain)

    assert "This address is not safe" in page.text
    assert answer.status_code == 403
    assert await value("select count(*) from staff_session") == 0


async def test_whoever_signs_out_is_out_whatever_cookie_is_kept():
    client = await signed_in("auditor")
    token = client.cookies[COOKIE]

    answer = await client.post("/sign-out")

    assert answer.headers["location"] == "/sign-in"
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert (await browser(token).get("/account")).status_code == 303


async def test_signing_out_needs_a_page_of_ours():
    client = await signed_in("auditor")
    client.headers["sec-fetch-site"] = "cross-site"

    assert (await client.post("/sign-out")).status_code == 403
    client.headers["sec-fetch-site"] = "same-origin"
    assert (await client.get("/account")).status_code == 200


async def test_whoever_is_in_already_is_led_on():
    store_less = await (await signed_in("auditor")).get("/sign-in?next=/audit")

    assert store_less.headers["location"] == "/audit"


async def test_a_store_goes_to_its_own_page_and_opens_no_lead(tmp_path):
    await open_chengdu(tmp_path)
    client = await signed_in("store")

    assert (await client.get("/sign-in")).headers["location"] == "/my-store"
    assert (await client.get("/leads")).status_code == 403


async def test_a_page_asked_for_too_early_comes_after_the_door():
    answer = await browser().get("/staff?role=store")
    by_script = await browser(**{"hx-request": "true"}).get("/staff")

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fstaff%3Frole%3Dstore")
    assert by_script.status_code == 401
    assert by_script.headers["hx-redirect"].startswith("/sign-in")


def demo():
    house: Any = create_demo_app()  # httpx and Litestar type ASGI's messages each in their own way
    transport = httpx.ASGITransport(app=house, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=browser().headers)


@pytest.fixture
async def a_demo(clean_tables, tmp_path):
    await open_chengdu(tmp_path)
    async with transaction():
        await colleagues.seat(at=datetime.now(UTC))
        await colleagues.seat(at=datetime.now(UTC))
        await history.note("demo", STAGED, "campaign", "chengdu-demo", at=datetime.now(UTC))


async def test_in_the_demo_one_click_is_enough_for_every_role(a_demo):
    people = await fetch("select id, role from staff order by id")
    client = demo()

    assert len(people) == len({person["role"] for person in people}) == 8
    page = await client.get("/sign-in")
    for person in people:
        assert f'name="staff" value="{person["id"]}"' in page.text
        answer = await client.post("/sign-in/as", data={"staff": person["id"]})
        assert answer.headers["location"] == ("/my-store" if person["role"] == "store" else "/")
        assert "secure" not in answer.headers["set-cookie"].lower()
        assert (await client.get("/account")).status_code == 200


async def test_outside_the_demo_nobody_is_anybody(a_demo):
    person = await value("select min(id) from staff")

    page = await browser().get("/sign-in")
    answer = await browser().post("/sign-in/as", data={"staff": person})

    assert "/sign-in/as" not in page.text
    assert answer.status_code == 404
    assert await value("select count(*) from staff_session") == 0


async def test_a_demo_stays_one_when_its_visitor_brings_leads_in(a_demo):
    person = await value("select min(id) from staff")
    await a_lead()

    assert (await demo().post("/sign-in/as", data={"staff": person})).status_code == 303


async def test_a_story_that_was_not_told_to_its_end_lets_nobody_be_anybody(tmp_path):
    await open_chengdu(tmp_path)
    async with transaction():
        await colleagues.seat(at=datetime.now(UTC))

    assert (
        await demo().post("/sign-in/as", data={"staff": await value("select min(id) from staff")})
    ).status_code == 404


async def test_in_the_demo_nobody_becomes_a_real_colleague(a_demo):
    real = await colleague("alliance_admin")

    assert (await demo().post("/sign-in/as", data={"staff": real.id})).status_code == 404


async def test_an_empty_house_says_how_its_first_administrator_comes_in():
    empty = await browser().get("/sign-in")
    await colleague("auditor")

    assert "marquee staff add" in empty.text
    assert "marquee staff add" not in (await browser().get("/sign-in")).text
