"""`make shots`: every screen as a picture, both languages, desk and phone, by day and (once each) by night, in the ignored folder `shots/`."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser

from crm import embedded
from tests.browser import stage
from tests.browser.screens import SCREENS, Screen
from tests.browser.stage import Stage
from tests.whole import running

OUT = running.ROOT / "shots"
WAYS: dict[str, tuple[tuple[int, Literal["light", "dark"]], ...]] = {
    "zh-Hans": ((1366, "light"), (390, "light"), (390, "dark")),
    "en": ((1366, "light"), (1366, "dark"), (390, "light")),
}


def main(wanted: list[str]) -> None:
    """Draw the screens whose names begin with one of the words, or all."""
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="marquee-shots-") as folder:
        data = Path(folder) / "var"
        environment = {**running_environment(), "MARQUEE_DATA": str(data)}
        running.commands(environment, ["seed"])
        try:
            with (
                stage.set_up(environment, embedded.url(data), log=Path(folder) / "log") as there,
                stage.a_browser() as chromium,
            ):
                for screen in SCREENS:
                    if not wanted or screen.name.startswith(tuple(wanted)):
                        _draw(chromium, there, screen)
        finally:
            running.commands(environment, ["database", "stop"])


def running_environment() -> dict[str, str]:
    """This process's own, without what names another database."""
    return {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "MARQUEE_KEYS")}


def _draw(chromium: Browser, there: Stage, screen: Screen) -> None:
    for language, ways in WAYS.items():
        page, _ = stage.opened(chromium, there, screen.role, language=language)
        page.goto(f"{there.url}{screen.path(there)}")
        screen.act(page)
        stage.settled(page)
        for width, theme in ways:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=OUT / f"{screen.name}-{language[:2]}-{width}-{theme}.png", full_page=True)
        page.context.close()
    print(f"shots/{screen.name}-*.png", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
