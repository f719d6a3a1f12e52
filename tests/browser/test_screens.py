"""Every screen in a real browser: whole, quiet, at home and usable by everybody, in both languages, on desk and phone, by day and night."""

import functools
import itertools
import os
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import stage
from tests.browser.screens import ACCEPTED, SCREENS
from tests.browser.stage import PATIENCE
from tests.whole import running

pytestmark = pytest.mark.skipif(stage.CHROMIUM is None, reason=stage.WHY_NOT)

THOROUGH = running.FULL or os.environ.get("CI") == "true"
LANGUAGES, WIDTHS = ("zh-Hans", "en"), (1366, 390)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# What a rule finds hangs on the width and on the theme, and not on both together: each once is enough.
JUDGED = {("zh-Hans", 1366, "light"), ("en", 390, "dark")}
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
EXPECTED = {"not-found": 404, "not-yours": 403}
# These speak the language of the message that leads there, unless their reader chooses.
SPEAK_FOR_THEMSELVES = {"unsubscribe"}
SPILT = """[...document.querySelectorAll(".mq-panel")].filter(panel => panel.scrollWidth > panel.clientWidth + 1
    && getComputedStyle(panel).overflowX === "visible").map(panel => panel.getAttribute("aria-labelledby") ?? panel.className)"""


def languages_of(screen):
    """Both where everything must hold (in CI, and at full size); elsewhere the one whose turn it is, so that nobody waits for long."""
    return LANGUAGES if THOROUGH else (LANGUAGES[SCREENS.index(screen) % 2],)


@pytest.fixture(scope="module")
def windows(browser, staged):
    """One window for each role and language, opened when it is first needed: opening one costs as much as drawing a screen."""
    opened = functools.cache(lambda role, language: stage.opened(browser, staged, role, language=language))

    def window(role, language):
        page, trouble = opened(role, language)
        page.set_viewport_size({"width": 1366, "height": 900})
        page.emulate_media(color_scheme="light")
        trouble.clear()
        return page, trouble

    return window


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_screen_is_whole(windows, staged, screen):
    for language in languages_of(screen):
        page, trouble = windows(screen.role, language)

        chosen = f"?lang={language}" if screen.name in SPEAK_FOR_THEMSELVES else ""
        answer = page.goto(f"{staged.url}{screen.path(staged)}{chosen}")
        screen.act(page)
        stage.settled(page)

        assert answer
        assert answer.status == EXPECTED.get(screen.name, 200), language
        assert page.locator("html").get_attribute("lang") == language
        for width, theme in itertools.product(WIDTHS, THEMES):
            way = f"{language} {width} {theme}"
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, way
            assert page.evaluate(SPILT) == [], way
            if (language, width, theme) in JUDGED:
                broken = Axe().run(page, options=RULES).response["violations"]
                assert {rule["id"]: [node["target"] for node in rule["nodes"]][:3] for rule in broken} == {}, way
        assert [said for said in trouble if "status of 4" not in said] == [], language


def test_a_record_is_printed_without_the_frame(browser, staged):
    page, _ = stage.opened(browser, staged, "alliance_marketer", language="en")
    page.goto(f"{staged.url}/leads/{staged.one(ACCEPTED)}")

    page.emulate_media(media="print")

    assert page.locator("h1").first.is_visible()
    for frame in (".mq-rail", ".mq-bar", "main form button:visible", ".mq-toasts"):
        assert page.locator(frame).filter(visible=True).count() == 0, frame
    page.context.close()


def test_the_description_of_the_doors_loads_nothing_from_elsewhere(browser, staged):
    page, trouble = stage.opened(browser, staged, None, language="en")

    page.goto(f"{staged.url}/docs")
    page.get_by_text("/api/v1/leads").first.wait_for(timeout=4 * PATIENCE)

    assert trouble == []
    page.context.close()
