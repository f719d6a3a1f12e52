"""A working day without any script, by what can be seen and clicked alone."""

import pytest
from playwright.sync_api import expect

from tests.browser import small_house, stage
from tests.browser.small_house import LOGIN, PASSWORD
from tests.browser.stage import PATIENCE

pytestmark = pytest.mark.skipif(stage.CHROMIUM is None, reason=stage.WHY_NOT)


@pytest.fixture
def house(fresh_database, tmp_path):
    with small_house.open_house(fresh_database.environment, fresh_database.url, log=tmp_path / "log") as there:
        yield there


@pytest.fixture
def chromium(house):
    with stage.a_browser() as browser:
        yield browser


def test_a_marketer_and_a_store_do_their_work_without_scripts(chromium, house):
    page = _page(chromium)

    page.goto(house.url)
    page.get_by_label("Work e-mail or login").fill(LOGIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Main navigation")).to_be_visible()

    _filters_leads_and_leaves_a_note(page)
    _decides_a_review(page)
    _switches_language_and_theme(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.context.close()

    _accepts_an_offer(chromium, house)


def _filters_leads_and_leaves_a_note(page):
    page.get_by_role("link", name="Leads", exact=True).click()
    page.get_by_text("Stage", exact=True).first.click()
    page.locator("details[open]").get_by_role("link", name="offered").click()
    assert "stage=offered" in page.url
    page.locator("main .mq-rowlink").first.click()
    page.get_by_label("Note", exact=True).fill("Wants to be called <after> six")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#notes")).to_contain_text("Wants to be called <after> six")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#notes")).not_to_contain_text("Wants to be called")


def _decides_a_review(page):
    page.get_by_role("link", name="Duplicate review").click()
    page.get_by_role("button", name="Not the same").click()
    expect(page.get_by_text("Nothing to review")).to_be_visible()


def _switches_language_and_theme(page):
    page.get_by_role("link", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.get_by_role("link", name="English").click()
    page.get_by_role("button", name="Light or dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def _accepts_an_offer(chromium, house):
    context = _page(chromium, width=390).context
    stage.sign_in(context, house, "store")
    page = context.pages[0]
    page.goto(f"{house.url}/my-store")
    page.get_by_role("button", name="Accept and see the number").first.click()
    expect(page.get_by_text("Accepted: you can call now.")).to_be_visible()
    expect(page.locator("main a[href^='tel:']")).to_be_visible()
    page.locator("label", has=page.locator("input[value=contacted]")).click()
    page.get_by_role("button", name="Note the result").click()
    expect(page.locator("main")).to_contain_text("In hand 1")
    context.close()


def _page(chromium, *, width=1366):
    context = chromium.new_context(viewport={"width": width, "height": 900}, locale="en", java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    return page
