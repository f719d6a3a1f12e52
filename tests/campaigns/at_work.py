"""Senders as processes of their own, on a clock that begins at noon of the first show day: what the tests of races and crashes let loose.

`set-up` writes the crowd and plans mailings, `work` sends until nothing is due. What they say is one line of JSON.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BRANDS = ("aito", "luxeed", "stelato", "maextro", "shangjie")


def run(environment: Mapping[str, str], *words: object) -> Any:
    """One of the commands below, to its end; what it said."""
    done = subprocess.run(
        _order(words), cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False, timeout=1800
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def begin(environment: Mapping[str, str], *words: object) -> "subprocess.Popen[str]":
    """The same, under way."""
    return subprocess.Popen(
        _order(words), cwd=ROOT, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def _order(words: Sequence[object]) -> list[str]:
    return [sys.executable, "-m", "tests.campaigns.at_work", *map(str, words)]


async def set_up(number: int, brands: Sequence[str], withdrawn: int, *, joint: bool) -> dict[str, Any]:
    """So many people who agreed to all of these brands, of whom some took it back; a mailing of each brand to all of
    them, under way, and one of the alliance that came last."""
    from crm import consent
    from crm.database import transaction
    from tests.campaigns import mailing as m
    from tests.cast import NOON

    persons = await m.people(number, brands=brands)
    campaign, scope = await m.a_campaign("spring", *brands), await m.alliance()
    ids = [await m.brand(brand) for brand in brands]
    begun = [await m.a_mailing(campaign, by=brand, scope=scope) for brand in brands]
    if joint:
        begun.append(await m.a_mailing(campaign, by=None, scope=scope))
    for one in begun:
        await m.start(one)
    async with transaction():
        for person in persons[:withdrawn]:
            await consent.withdraw(person, purpose="alliance_marketing", brands=ids, at=NOON, actor="tester")
    return {"mailings": [str(one.id) for one in begun], "withdrawn": [str(person) for person in persons[:withdrawn]]}


async def work(began: float, skipped: float) -> dict[str, Any]:
    """Send until nothing is due for a second; `began` is noon on the machine's clock, `skipped` seconds that passed at once."""
    from campaigns.invitations import sending
    from tests.cast import NOON

    handled, idle = 0, 0
    print("ready", flush=True)
    while idle < 5:
        done = await sending.advance(NOON + timedelta(seconds=time.time() - began + skipped))
        handled, idle = handled + done, 0 if done else idle + 1
        if not done:
            await asyncio.sleep(0.5)
    return {"handled": handled}


async def _main(command: str, *words: str) -> None:
    from crm import database

    await database.open_pool(synchronous_commit="off") if command == "set-up" else await database.open_pool()
    try:
        if command == "set-up":
            said = await set_up(int(words[0]), words[1].split(","), int(words[2]), joint="joint" in words)
        else:
            said = await work(float(words[0]), float(words[1]))
    finally:
        await database.close_pool()
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("MARQUEE_POOL_MAX", "8")
    asyncio.run(_main(*sys.argv[1:]))
