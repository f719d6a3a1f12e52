"""The two-minute tour of the README, as a newcomer takes it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import stage
from tests.browser.stage import PATIENCE
from tests.whole import running

pytestmark = pytest.mark.skipif(stage.CHROMIUM is None, reason=stage.WHY_NOT)

STORE = "成都锦江区体验中心1"  # as the README names it
WORKER = 15_000  # milliseconds within which the worker has offered a lead


def a_window(browser, staged, role):
    context = browser.new_context(viewport={"width": 1366, "height": 900}, locale="en")
    stage.sign_in(context, staged, role)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    return page


def test_a_newcomer_is_three_clicks_from_a_receipt(browser, staged):
    page = a_window(browser, staged, "alliance_marketer")  # the first click is the role's, on the sign-in page
    page.goto(staged.url)

    page.get_by_role("link", name="Open", exact=True).first.click()

    expect(page.get_by_role("heading", name=re.compile("Receipt: why this store"))).to_be_visible()
    page.context.close()


def test_the_tour_can_be_followed_word_by_word(browser, staged):
    assert STORE in (running.ROOT / "README.md").read_text(encoding="utf-8")
    marketer, store = (a_window(browser, staged, role) for role in ("alliance_marketer", "store"))
    marketer.goto(staged.url)
    marketer.get_by_role("link", name="Open", exact=True).first.click()
    marketer.get_by_role("link", name="Decide it again").or_(
        marketer.get_by_role("button", name="Decide it again")
    ).first.click()
    marketer.get_by_role("link", name="Open", exact=True).first.click()
    expect(marketer.get_by_text("Why one person?").first).to_be_visible()

    marketer.goto(f"{staged.url}/leads")
    marketer.get_by_role("link", name="New lead").click()
    marketer.get_by_label("Full name").fill("顾念慈")
    marketer.get_by_label("Phone").fill("13911223344")
    marketer.locator('label:has(input[name="cars"][value="aito/M9"])').click()
    marketer.get_by_label("Store they asked for").fill(STORE)
    marketer.get_by_label("Place").fill("成都市锦江区")
    marketer.locator('label:has(input[name="agreed"][value="share_with_dealer"])').click()
    marketer.get_by_role("button", name="Create the lead").click()
    expect(marketer.get_by_role("heading", name=re.compile("顾念慈"))).to_be_visible()

    store.goto(f"{staged.url}/my-store")
    store.get_by_text("顾**").first.wait_for(timeout=WORKER)
    before = store.get_by_text("13911223344").count()
    store.get_by_role("button", name="Accept").first.click()
    expect(store.get_by_text("13911223344").first).to_be_visible()
    marketer.reload()

    assert before == 0
    expect(marketer.get_by_text("Accepted").first).to_be_visible()
    for window in (marketer, store):
        window.context.close()
