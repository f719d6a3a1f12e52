"""Pages over HTTP: in two languages, without scripts, safe against what people type, also when something is wrong."""

import functools
import re

import httpx
import pytest

from app import create_app
from crm import history, languages
from crm.database import current, transaction
from leads.demo.enquiries import DESK
from leads.demo.showcase import STAGED
from tests.leads.offering import a_lead, open_chengdu
from tests.leads.wishing import NOON

PAGE = {"accept": "text/html"}


@functools.cache
def application():
    return create_app()


def browser(**headers):
    transport = httpx.ASGITransport(app=application(), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://marquee.test", headers=PAGE | headers)


@pytest.fixture
async def a_working_house(clean_tables, tmp_path):
    await open_chengdu(tmp_path)
    await a_lead(person={"name": "<script>alert(1)</script>", "phone": "13812345679"})


@pytest.fixture
async def a_show(a_working_house):
    async with transaction():
        # A show is what the demo's own sources brought in; anybody else's registration would hide the page.
        await current().execute("update source set code = $1 where code = 'desk'", DESK)
        await history.note("demo", STAGED, "database", "1", at=NOON)


async def test_a_working_house_shows_strangers_nothing(a_working_house):
    page, part = await browser().get("/demo"), await browser(**{"hx-request": "true"}).get("/demo")

    assert "Marquee is running" in page.text
    assert "Registrations" not in page.text + part.text


async def test_an_empty_house_says_what_to_do():
    page = await browser().get("/demo")

    assert page.status_code == 200
    assert "Nobody has registered yet" in page.text
    assert "make demo" in page.text


@pytest.mark.parametrize(
    ("accepted", "query", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh-Hans"),
        ("zh-CN,zh;q=0.9", "?lang=en", "en"),
        ("en-GB,zh;q=0.5", "", "en"),
        ("en-GB", "?lang=zh-Hans", "zh-Hans"),
        ("fr, *;q=0.1", "", "en"),
        ("", "?lang=tlh", "en"),
    ],
)
async def test_a_page_speaks_the_language_of_its_address_else_of_the_browser(a_show, accepted, query, language):
    page = await browser(**{"accept-language": accepted}).get(f"/demo{query}")

    assert f'<html lang="{language}">' in page.text
    assert ("One record per person" in page.text) == (language == "en")


async def test_the_part_that_changes_comes_alone_when_htmx_asks(a_show):
    part = await browser(**{"hx-request": "true"}).get("/demo?lang=en")

    assert part.text.lstrip().startswith('<div id="numbers"')
    assert "<html" not in part.text
    assert "hx-request" in part.headers["vary"]


async def test_no_page_runs_what_somebody_typed(a_show):
    page = await browser().get("/demo")

    assert "alert(1)" not in page.text
    assert not re.search(r"<[^>]+\sstyle=|<style|\son\w+=|<script(?! src=)", page.text)
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_whatever_a_page_loads_is_there_and_kept_for_ever(a_show):
    page = await browser().get("/demo")
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)

    assert len(loaded) >= 2
    for path in loaded:
        answer = await browser(**{"accept-encoding": "gzip"}).get(path)
        assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")
        assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", ["/nowhere", "/static/nothing.css", "/static/..%2Fapp.py"])
async def test_an_address_that_is_not_there_says_so_on_a_page(path):
    page = await browser(**{"accept-language": "zh"}).get(path)

    assert page.status_code == 404
    assert "这里没有内容" in page.text
    assert "content-security-policy" in page.headers


def test_numbers_and_times_are_written_as_people_write_them():
    languages.speak("en")

    assert [languages.number(1240), languages.number(-0.5, 1), languages.signed(1.25, 2)] == ["1,240", "−0.5", "+1.25"]
    assert [languages.percent(1, 3), languages.percent(1, 0), languages.percent(1, 999)] == ["33%", "–", "<1%"]
