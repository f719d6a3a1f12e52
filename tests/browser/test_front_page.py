"""The front page in a real browser over a real server."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser

from leads.demo.enquiries import WEB
from leads.demo.showcase import STAGED
from tests.browser import stage
from tests.browser.stage import PATIENCE, complaints
from tests.whole import running

pytestmark = pytest.mark.skipif(stage.CHROMIUM is None, reason=stage.WHY_NOT)

WAYS = [*itertools.product(("zh-Hans", "en"), (1366, 390), ("light", "dark"), (True,)), ("en", 1366, "light", False)]

STORES = """store_code,name_zh,dealer_code,kind,brands,region_code,longitude,latitude,daily_capacity,weight,opens,closes,services
S1,成都一号店,D1,user_centre,aito,510107,104.0650,30.5700,50,2,09:00,18:00,sales
S2,成都二号店,D2,user_centre,aito,510107,104.0670,30.5750,50,1,09:00,18:00,sales
S3,成都三号店,D1,user_centre,aito,510107,104.0660,30.5720,50,1,10:00,22:00,sales
"""
SPELLINGS = ("王建国", "Wang Jianguo", "王先生")


@pytest.fixture(scope="module")
def show(house_database, tmp_path_factory) -> Iterator[str]:
    """The address of a house with a small show in it: one person who came three times, six who came once."""
    folder, environment = tmp_path_factory.mktemp("show"), house_database.environment
    (folder / "stores.csv").write_text(STORES, encoding="utf-8")
    running.commands(environment, ["seed"], ["network", "import", folder / "stores.csv"])
    key = running.keys(environment, sources=[WEB])[WEB]
    with running.serving(environment, log=folder / "log") as house:
        _call_it_the_demo(house_database.url)
        with house.client(key) as web:
            web.post("/api/v1/leads/batch", json=[_lead(number) for number in range(9)]).raise_for_status()
            running.eventually(lambda: "won." in web.get("/demo?lang=en").text, within=running.PATIENCE)
        yield house.url


@pytest.fixture(scope="module")
def browser(show) -> Iterator[Browser]:
    # After the show and only as long: while playwright runs, its loop is in the way of every other one.
    with stage.a_browser() as chromium:
        yield chromium


def test_the_front_page_is_whole_in_both_languages_on_desk_and_phone_by_day_and_night_with_and_without_scripts(
    browser, show
):
    for language, width, theme, scripts in WAYS:
        viewport = {"width": width, "height": 800}
        context = browser.new_context(viewport=viewport, color_scheme=theme, java_script_enabled=scripts)
        page = context.new_page()
        trouble = complaints(page, at=show)

        page.goto(f"{show}/demo?lang={language}")

        assert page.locator("html").get_attribute("lang") == language
        assert page.get_by_text("王先生").first.is_visible()
        assert page.locator("tr[data-won]").count() >= 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator("header [hreflang]").click()
        assert page.locator("html").get_attribute("lang") != language
        assert trouble == []
        context.close()


def test_the_numbers_change_while_one_watches_and_the_rest_stays(browser, show):
    page = browser.new_page()
    trouble = complaints(page, at=show)
    page.clock.install()
    page.goto(f"{show}/demo?lang=en")
    page.evaluate("document.getElementById('receipts').dataset.untouched = 'yes'")
    page.evaluate("document.getElementById('numbers').dataset.old = 'yes'")

    page.clock.fast_forward(21_000)
    page.locator("#numbers:not([data-old])").wait_for(timeout=PATIENCE)

    assert page.locator("#receipts[data-untouched]").count() == 1
    assert trouble == []
    page.close()


def _call_it_the_demo(url: str) -> None:
    running.asked(
        url,
        "insert into history_entry (actor, action, subject_kind, subject, at) values ('test', $1, 'campaign', '', $2)",
        STAGED,
        datetime.now(UTC),
    )


def _lead(number: int) -> dict[str, object]:
    captured_at = datetime.now(UTC) - timedelta(minutes=60 - number)
    person: dict[str, object] = {"name": "李四", "phone": f"13{number}{76543211 * number % 10**8:08}"}
    if number < len(SPELLINGS):
        wechat = {"account": "alliance", "unionid": "union-of-wang"}
        person = {"name": SPELLINGS[number], "phone": "13912345670", "wechat": wechat}
    return {
        "external_id": f"W{number}",
        "captured_at": captured_at.isoformat(),
        "source": {"kind": "web_form", "campaign": "chengdu-2025"},
        "person": person,
        "place": {"latitude": 30.5728, "longitude": 104.0662},
        "interests": [{"kind": "buy", "brand": "aito", "model": "M9"}],
        "consents": [
            {"purpose": "share_with_dealer", "given": True, "brands": ["aito"], "notice": running.NOTICE},
        ],
    }
