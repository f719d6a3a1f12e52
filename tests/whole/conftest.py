"""One running house for many tests: two processes that answer, one that works, a small network, two sources and two dealers."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.whole import running


@dataclass(frozen=True)
class Show:
    """The house under way, its database, and a client for each who may call."""

    house: running.House
    database: str
    environment: dict[str, str]
    keys: dict[str, str]

    def client(self, code: str | None = None) -> httpx.Client:
        return self.house.client(self.keys[code] if code else None)


@pytest.fixture(scope="session")
def show(lasting_database, tmp_path_factory) -> Iterator[Show]:
    folder, environment = tmp_path_factory.mktemp("show"), lasting_database.environment
    with running.serving(environment, log=folder / "log", workers=2) as house:
        yield Show(house, lasting_database.url, environment, running.open_show(environment, folder))
