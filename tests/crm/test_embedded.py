"""One server per folder, whoever starts it, and none after it was stopped."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from crm import embedded

LIGHT = {"fsync": "off", "shared_buffers": "16MB"}
START = "import sys; from pathlib import Path; from crm import embedded; embedded.start(Path(sys.argv[1]))"
THROUGH_AN_OUTAGE = """
import asyncio
from crm import database, embedded
from crm.settings import settings

async def ask():
    try:
        async with database.transaction() as connection:
            return await connection.fetchval("select 'here'")
    except database.DatabaseAway:
        return "away"

async def main():
    database.start()
    await database.open_pool()
    print(await ask())
    database.stop()
    print(await ask())
    database.start()
    print(await ask())

asyncio.run(main())
"""


@pytest.fixture
def folder():
    # Longer than a socket's path may be; not in tmp_path, which pytest locks up again while another run is at work.
    folder = Path(os.environ["MARQUEE_TEST_RUN"]) / uuid.uuid4().hex / ("long" * 20)
    yield folder
    embedded.stop(folder)


def run(script, *arguments, **environment):
    plain = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "MARQUEE_KEYS"}}
    order = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(order, env=plain | environment, stdout=subprocess.PIPE, text=True)


def test_starters_at_once_share_one_server_that_outlives_them(folder):
    starters = [run(START, str(folder)) for _ in range(3)]

    assert [starter.wait(timeout=60) for starter in starters] == [0, 0, 0]
    assert embedded.stop(folder)
    assert not embedded.stop(folder)


def test_a_dead_servers_traces_do_not_prevent_a_start(folder):
    embedded.start(folder, configuration=LIGHT)
    embedded.stop(folder)
    mark = folder / "postgres" / "postmaster.pid"
    mark.write_text(f"{os.getpid()}\n{folder}\n0\n5432\n\n\n\nready\n")

    embedded.start(folder, configuration=LIGHT)

    assert mark.read_text().splitlines()[0] != str(os.getpid())


def test_a_killed_server_is_started_again(folder):
    embedded.start(folder, configuration=LIGHT)
    killed = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(killed, signal.SIGKILL)
    while embedded._postmaster(folder) is not None:
        time.sleep(0.01)

    embedded.start(folder, configuration=LIGHT)

    assert int((folder / "postgres" / "postmaster.pid").read_text().split()[0]) != killed


def test_an_outage_is_told_and_ends_by_itself(folder):
    house = run(THROUGH_AN_OUTAGE, MARQUEE_DATA=str(folder))

    assert house.communicate(timeout=60)[0].split() == ["here", "away", "here"]
    assert (folder / "keys.json").stat().st_mode & 0o777 == 0o600
