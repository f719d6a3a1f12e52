"""The frame: whose eyes look, in which language, what comes back after a write, and what a wrong form says."""

import base64
import functools
import re
from datetime import date
from typing import Annotated

import httpx
import msgspec
import pytest
from jinja2 import ChoiceLoader, DictLoader
from litestar import Controller, Response, get, post
from litestar.response import Template

from app import create_app
from crm import access
from crm.errors import Invalid, NotThere
from crm.pages import frame
from crm.pages.frame import Asked
from tests import cast

GALLERY = """
{% extends "base.html" %}
{% import "_ui.html" as ui with context %}
{% block main %}
{{ ui.errors() }}<form>{{ ui.csrf_field() }}{{ ui.field("name", "Name", required=true) }}{{ ui.field("on", "On") }}</form>{% endblock %}
"""


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(max_length=5)]
    on: date | None = None
    kinds: list[str] = []
    many: Annotated[int, msgspec.Meta(ge=1)] = 1
    urgent: bool = False


class Trial(Controller):
    """A page with a form, as any room has one."""

    path = "/trial"
    guards = [access.permits("leads.see")]

    @get("/")
    async def show(self, request: Asked) -> Template:
        return frame.page(request, "leads/running.html")

    @post("/")
    async def wish(self, request: Asked) -> Response[None] | Template:
        try:
            wish = await frame.form(request, Wish)
        except Invalid as wrong:
            return frame.invalid(request, "trial.html", wrong)
        told = msgspec.json.encode(wish).decode()
        return frame.back(request, "/trial", told=told, undo="/trial/undoing")

    @get("/refusing")
    async def refuse(self) -> None:
        raise NotThere


@functools.cache
def application():
    app = create_app()
    app.register(Trial)
    assert app.template_engine
    environment = app.template_engine.engine
    environment.loader = ChoiceLoader([environment.loader, DictLoader({"trial.html": GALLERY})])
    return app


@pytest.fixture
async def open_browser():
    async def opened(role="alliance_marketer", **limits):
        browser = await cast.signed_in(role, **limits)
        transport = httpx.ASGITransport(app=application(), raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport, base_url=browser.base_url, headers=browser.headers, cookies=browser.cookies
        )

    return opened


def rail(page):
    inside = re.search(r'<nav class="mq-rail".*?</nav>', page.text, re.DOTALL)
    return re.findall(r'<a href="([^"]+)"', inside[0]) if inside else []


async def test_the_rail_offers_what_the_role_may_enter(open_browser):
    marketer, desk = await open_browser(), await open_browser("event_desk")

    assert {"/leads", "/people", "/review", "/policies"} < set(rail(await marketer.get("/trial")))
    assert set(rail(await desk.get("/trial"))) == {"/", "/leads", "/notifications", "/account"}


async def test_the_alliance_looks_at_one_brand_until_it_looks_at_all_again(open_browser):
    browser = await open_browser()

    looked = await browser.post("/seeing", data={"brand": "luxeed", "next": "/trial?page=2"})
    one = await browser.get("/trial?lang=en")
    await browser.post("/seeing", data={"brand": "", "next": "/trial"})

    assert (looked.status_code, looked.headers["location"]) == (303, "/trial?page=2")
    assert '<button class="mq-scope"' in one.text
    assert one.text.count('data-brand="luxeed" data-char="智"') == 2
    assert "all five brands" in (await browser.get("/trial")).text.partition('popovertarget="seeing"')[2][:900]


async def test_somebody_of_a_brand_sees_it_named_and_nothing_to_switch(open_browser):
    page = await (await open_browser("brand_marketer", brand="stelato")).get("/trial")

    assert 'data-brand="stelato"' in page.text
    assert 'action="/seeing"' not in page.text


@pytest.mark.parametrize("onward", ["//elsewhere.test/", "https://elsewhere.test/", "/\\elsewhere.test", "x"])
async def test_no_switch_leads_out_of_the_house(open_browser, onward):
    answer = await (await open_browser()).post("/theme", data={"theme": "dark", "next": onward})

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_a_language_asked_for_once_stays(open_browser):
    browser = await open_browser()

    await browser.get("/trial?lang=zh-Hans")

    assert '<html lang="zh-Hans"' in (await browser.get("/trial", headers={"accept-language": "en"})).text


async def test_what_was_done_is_told_once_with_the_way_to_undo_it(open_browser):
    browser = await open_browser()

    done = await browser.post("/trial", data={"name": "Ada", "kinds": ["buy", "lease"], "urgent": "true", "on": ""})
    told, again = await browser.get(done.headers["location"]), await browser.get("/trial")

    assert "&#34;kinds&#34;:[&#34;buy&#34;,&#34;lease&#34;],&#34;many&#34;:1,&#34;urgent&#34;:true" in told.text
    assert 'action="/trial/undoing"' in told.text
    assert "/trial/undoing" not in again.text


async def test_htmx_is_sent_on_by_its_own_header(open_browser):
    done = await (await open_browser()).post("/trial", data={"name": "Ada"}, headers={"hx-request": "true"})

    assert (done.status_code, done.headers["hx-redirect"]) == (204, "/trial")


async def test_every_wrong_field_is_named_and_nothing_typed_is_lost(open_browser):
    page = await (await open_browser()).post(
        "/trial?lang=en", data={"name": "Ada Lovelace", "on": "soon", "many": "0", "odd": "1"}
    )

    assert page.status_code == 422
    assert set(re.findall(r'<li><a href="#(\w+)">', page.text)) == {"name", "on", "many", "odd"}
    assert 'value="Ada Lovelace" required="" aria-describedby="name-error" aria-invalid="true"' in page.text
    assert "At most 5 characters, please." in page.text
    assert "Please write a date like 2025-12-10." in page.text


async def test_an_empty_field_that_is_needed_is_a_fault(open_browser):
    page = await (await open_browser()).post("/trial?lang=en", data={"name": " "})

    assert "Please fill this in." in page.text


async def test_a_refusal_is_a_page_in_the_frame_and_a_toast_for_htmx(open_browser):
    browser = await open_browser()

    page = await browser.get("/trial/refusing?lang=en")
    part = await browser.get("/trial/refusing", headers={"hx-request": "true", "accept": "*/*"})

    assert (page.status_code, "There is nothing here" in page.text, bool(rail(page))) == (404, True, True)
    assert (part.status_code, part.headers["hx-retarget"], "<html" in part.text) == (404, "#toasts", False)


async def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_back(open_browser):
    browser = await open_browser()
    browser.cookies.clear()

    page = await browser.get("/trial?page=2")
    part = await browser.get("/trial?page=2", headers={"hx-request": "true", "accept": "*/*"})

    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=%2Ftrial%3Fpage%3D2")
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/sign-in")


@pytest.mark.parametrize("undo", ["//elsewhere.test", "/staff/1/disabling"])
async def test_a_toast_that_the_house_did_not_sign_says_nothing_and_leads_nowhere(open_browser, undo):
    browser = await open_browser()
    said = base64.urlsafe_b64encode(f'{{"text":"planted","undo":"{undo}"}}'.encode()).decode()
    [signature] = [(await told_by(browser)).rpartition(".")[2]]

    for planted in (said, f"{said}.", f"{said}.{signature}"):
        browser.cookies.set("told", planted, domain="marquee.test")
        page = await browser.get("/trial")
        assert ("planted" in page.text, undo in page.text) == (False, False)


async def test_a_toast_is_for_whom_it_was_meant_alone(open_browser):
    told, other = await told_by(await open_browser()), await open_browser()

    other.cookies.set("told", told, domain="marquee.test")

    assert "/trial/undoing" not in (await other.get("/trial")).text


async def told_by(browser):
    """The cookie with what was just done and the way to undo it."""
    done = await browser.post("/trial", data={"name": "Ada", "kinds": ["buy"], "urgent": "true", "on": ""})
    assert "/trial/undoing" in (await browser.get(done.headers["location"])).text
    return done.headers["set-cookie"].partition("told=")[2].partition(";")[0].strip('"')


async def test_a_room_that_is_not_theirs_is_refused_in_the_frame_of_the_house(open_browser):
    browser = await open_browser("brand_marketer", brand="aito")
    await browser.get("/trial")

    page = await browser.get("/staff?lang=en")

    assert (page.status_code, "This is not yours to do" in page.text) == (403, True)
    assert ("/leads" in rail(page), 'data-brand="aito"' in page.text) == (True, True)


@pytest.mark.parametrize("path", ["/seeing", "/theme"])
async def test_no_other_site_turns_anybodys_eyes(open_browser, path):
    browser = await open_browser()
    browser.headers["sec-fetch-site"] = "same-site"

    answer = await browser.post(path, data={"brand" if path == "/seeing" else "theme": "luxeed"})

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
