"""One short demo for all tests of screens in this worker."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import stage
from tests.browser.stage import Stage


@pytest.fixture(scope="session")
def staged(stage_database, tmp_path_factory) -> Iterator[Stage]:
    log = tmp_path_factory.mktemp("stage") / "log"
    with stage.set_up(stage_database.environment, stage_database.url, log=log) as there:
        yield there


@pytest.fixture(scope="module")
def browser(staged) -> Iterator[Browser]:
    # After the stage and only as long: while playwright runs, its loop is in the way of every other one.
    with stage.a_browser() as chromium:
        yield chromium
