"""What attackers try in a browser: words that want to run, and pages of other origins that want to send our forms."""

import functools
import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import stage
from tests.browser.hostile import PAYLOADS
from tests.browser.stage import PATIENCE, Stage
from tests.whole import running

pytestmark = pytest.mark.skipif(stage.CHROMIUM is None, reason=stage.WHY_NOT)

STARTS = {
    "alliance_admin": ("/", "/leads", "/people", "/stores", "/stores?view=map", "/staff", "/notices", "/keys", "/audit", "/imports",
                       "/policies", "/queues/late", "/queues/alliance", "/bulk", "/review", "/search", "/notifications"),
    "brand_marketer": ("/", "/leads", "/people"),
    "store": ("/my-store", "/my-store?show=calls", "/my-store?show=done"),
}  # fmt: skip
MOST = {"alliance_admin": running.size(45, full=400), "brand_marketer": running.size(12, full=100), "store": 15}
ELSEWHERE = ("http://127.0.0.1:18998", "http://evil.test")
NOTES = "select count(*) from staff_note"


@pytest.fixture
def hostile(fresh_database, tmp_path) -> Iterator[Stage]:
    environment = fresh_database.environment
    told = subprocess.run(
        [sys.executable, "-m", "tests.browser.hostile"],
        cwd=running.ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr[-3000:]
    with running.serving(environment, log=tmp_path / "log") as house:
        yield Stage(house.url, fresh_database.url, json.loads(told.stdout.splitlines()[-1]), {})


@pytest.fixture
def chromium(hostile) -> Iterator[Browser]:
    with stage.a_browser() as browser:
        yield browser


def test_what_is_typed_never_runs_and_stands_as_it_was_typed_and_no_other_origin_sends_our_forms(chromium, hostile):
    for role in STARTS:
        _walk(chromium, hostile, role)
    _stands_as_typed(chromium, hostile)
    _foreign_forms(chromium, hostile)


def _walk(chromium, hostile, role):
    """From page to page by their own links; nothing runs, asks, complains or leaves the house."""
    context = chromium.new_context(viewport={"width": 1366, "height": 900}, locale="en")
    stage.sign_in(context, hostile, role)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    trouble = stage.complaints(page, at=hostile.url)

    def hear(dialog):
        trouble.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("dialog", hear)
    todo, asked = list(STARTS[role]), 0
    met: dict[str, int] = {}
    while todo and asked < MOST[role]:
        path = todo.pop(0)
        kind = re.sub(r"[0-9a-f-]{36}|\d+|=[^&]*", "*", path)
        if met.get(kind, 0) >= 2 or path.startswith(("/static", "/sign-out")) or "/export" in path or "/errors" in path:
            continue
        met[kind], asked = met.get(kind, 0) + 1, asked + 1
        answer = page.goto(hostile.url + path, wait_until="load")
        page.mouse.move(400, 400)
        assert answer.status < 500, path
        assert page.evaluate("window.__x") is None, path
        assert page.url.startswith(hostile.url), path
        assert [said for said in trouble if "status of 40" not in said] == [], path
        todo += page.evaluate(
            "[...document.querySelectorAll('main a[href^=\"/\"]')].map(one => one.getAttribute('href'))"
        )
    assert asked > 10
    context.close()


def _stands_as_typed(chromium, hostile):
    context = chromium.new_context(locale="en")
    stage.sign_in(context, hostile, "alliance_admin")
    page = context.new_page()
    page.goto(
        f"{hostile.url}/leads/{hostile.one('select subject from staff_note where subject_kind = $$lead$$ order by at limit 1')}"
    )
    shown = _plain(page.locator("main").inner_text())
    assert [payload for payload in PAYLOADS[:-6] if _plain(payload) not in shown] == []
    context.close()


def _foreign_forms(chromium, hostile):
    """A page of another port is of the same site, one of another name is not: neither of them gets anything done."""
    lead = hostile.one("select id from lead order by id limit 1")
    before = running_query(hostile, NOTES)
    targets = {
        f"/leads/{lead}/notes": {"text": "theirs"},
        f"/leads/{lead}/spam": {},
        "/seeing": {"brand": "luxeed"},
        "/theme": {"theme": "dark"},
        "/sign-out": {},
        "/sign-in": {"login": "a@marquee.test", "password": "b"},
    }
    for elsewhere in ELSEWHERE:
        for target, said in targets.items():
            context = chromium.new_context(locale="en")
            stage.sign_in(context, hostile, "alliance_admin")
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            fields = "".join(f'<input name="{name}" value="{value}">' for name, value in said.items())
            form = f'<form method="post" action="{hostile.url}{target}">{fields}<button>go</button></form>'
            page.route(f"{elsewhere}/**", functools.partial(_trap, form))
            page.goto(f"{elsewhere}/trap")
            with page.expect_response(lambda answer, target=target: target in answer.url) as told:
                page.get_by_role("button", name="go").click()
            assert told.value.status in (403, 303), (elsewhere, target)
            assert told.value.status == 403 or "/sign-in" in told.value.headers["location"], (elsewhere, target)
            assert {cookie["name"] for cookie in context.cookies()} <= {"marquee"}, (elsewhere, target)
            # Still signed in, for nobody was signed out from elsewhere.
            assert page.goto(f"{hostile.url}/account").url.endswith("/account"), (elsewhere, target)
            context.close()
    assert running_query(hostile, NOTES) == before


def _trap(form, route):
    route.fulfill(content_type="text/html", body=form)


def running_query(hostile, query):
    """The number itself, not what was found before."""
    hostile.found.pop(query, None)
    return hostile.one(query)


def _plain(text):
    return re.sub(r"\s+", " ", text).strip()
