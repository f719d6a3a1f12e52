"""The database goes away and comes back under a running house, and nothing of it stays behind when both are gone."""

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from crm import embedded
from tests.whole.running import (
    PATIENCE,
    House,
    a_lead,
    commands,
    eventually,
    is_running,
    keys,
    order,
    processes,
    serving,
)

LEADS = "/api/v1/leads"


@dataclass
class Place:
    """A house on a database of its own folder."""

    house: House
    folder: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    # Short, and not below pytest's own folder, which the database's user could not enter.
    folder = Path(tempfile.mkdtemp(prefix="marquee-away-"))
    plain = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "MARQUEE_KEYS"}}
    environment = plain | {"MARQUEE_DATA": str(folder)}
    with serving(environment, log=tmp_path_factory.mktemp("outage") / "log") as house:
        yield Place(house, folder, environment)
    embedded.stop(folder)
    shutil.rmtree(folder)


def test_an_outage_is_told_and_ends_without_a_restart(place):
    key = keys(place.environment, sources=["desk"])["desk"]
    with place.house.client(key) as desk:
        lead, family = desk.post(LEADS, json=a_lead()).json(), set(place.house.family())
        _settled(desk, lead)

        assert commands(place.environment, ["database", "stop"]) == ["stopped"]
        asking = (
            lambda: desk.post(LEADS, json=a_lead()),
            lambda: desk.get(f"{LEADS}/{lead['id']}"),
            lambda: desk.get("/api/v1/me"),
            lambda: desk.get("/health/ready"),
        )
        for ask in asking * 5:
            _is_away(ask())
        assert desk.get("/health/live").status_code == 200

        embedded.start(place.folder)
        took = eventually(lambda: desk.get("/health/ready").status_code == 200, within=5)
        again = desk.post(LEADS, json=a_lead())
        assert again.status_code == 201
        _settled(desk, again.json())
        print(f"answered again {took:.2f} s after the database")
        assert set(place.house.family()) == family
    assert not [word for word in ("request_failed", "job_failed", "Traceback") if word in place.house.log.read_text()]


def test_no_database_is_left_behind_by_a_killed_house(place):
    family = place.house.kill()
    eventually(lambda: not any(map(is_running, family)), within=2)
    assert _postgres_of(place.folder)

    stop = ["database", "stop"]
    assert commands(place.environment, stop, stop) == ["stopped", "nothing to stop"]

    assert not _postgres_of(place.folder)
    assert not (place.folder / "postgres" / "postmaster.pid").exists()


def _is_away(answer):
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert "database is away" in answer.json()["detail"]


def _settled(desk, lead):
    """The worker was there: without any store the lead is held."""
    eventually(lambda: desk.get(f"{LEADS}/{lead['id']}").json()["hold"] == "no_franchise", within=PATIENCE)


def _postgres_of(folder):
    # A child of the server has no command line of its own that names the folder; it stands in it.
    found = []
    for pid in processes():
        with contextlib.suppress(OSError):
            here = Path(f"/proc/{pid}/cwd").readlink() == folder / "postgres"
            if is_running(pid) and (here or str(folder) in " ".join(order(pid))) and "postgres" in " ".join(order(pid)):
                found.append(pid)
    return found
