"""The demo from its first moment to Ctrl-C: the ground is made ready, the show is played, then it goes on for those who watch.

Promises that a story cut off is told again from its beginning, and a finished one is kept. Refuses, as the ground does,
to take away what is not the demo's. What an installation needs first is given by whoever calls.
"""

import gc
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import click

from crm import database
from crm.terminal import say
from leads.demo import bar, colleagues, ground, play, summary, watch
from leads.demo.watch import Keys


async def tell(*, fresh: bool, set_up: Callable[[], Awaitable[None]]) -> None:
    """Have a finished story in the database, on a pool of its own; `set_up` writes what every installation needs."""
    # Nothing of the story needs to survive a crash before its end, where it is made to.
    await database.open_pool(synchronous_commit="off")
    try:
        await _make_room(fresh=fresh)
        # Also for a story that an older version told: its house has new rooms since.
        await database.migrate()
        await set_up()
        if not await ground.is_finished():
            await _play()
        async with database.transaction():
            await colleagues.seat(at=datetime.now(UTC))
    finally:
        await database.close_pool()


async def go_on(url: str) -> None:
    """Tell the figures and the ways in, then let dealers answer and visitors write until told to stop."""
    keys, lines = await _look_around(url)
    click.echo("\n".join(lines))
    await watch.go_on(url, keys, seed=play.SEED)


async def _make_room(*, fresh: bool) -> None:
    interrupted = await ground.is_interrupted()
    if interrupted:
        say("the last start was interrupted while it played the show: starting over")
    if fresh or interrupted:
        await ground.clear()


async def _play() -> None:
    # What is there by now stays; looking through it again and again took an eighth of the time (2026-11).
    gc.freeze()
    with bar.shown("playing the show") as progress:
        await play.stage(datetime.now(UTC), progress=progress)


async def _look_around(url: str) -> tuple[Keys, list[str]]:
    at = datetime.now(UTC)
    await database.open_pool()
    try:
        async with database.transaction():
            keys = await watch.make_keys(at)
        await watch.until_ready(url)
        async with database.transaction():
            lines = [*await summary.figures(at=at), *await summary.ways_in(url, keys, at=at), f"ready: {url}"]
            return await _without_whoever_watches(keys), lines
    finally:
        await database.close_pool()


async def _without_whoever_watches(keys: Keys) -> Keys:
    # The store whose desk one may sit at is answered by whoever sits there.
    theirs = await colleagues.dealer()
    return keys._replace(dealers={code: key for code, key in keys.dealers.items() if code != theirs})
