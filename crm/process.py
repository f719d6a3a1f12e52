"""Processes of the house: those that answer, those that work, and that none outlives the one that started it.

Promises that a terminated process finishes what it holds, and that a killed parent takes its children along: a server nobody knows of
would share the port in silence.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from crm import database
from crm.work import Job, run

WATCH_SECONDS = 0.2
PARENT = "MARQUEE_PARENT"


def die_with_parent() -> None:
    """Watch the process named in MARQUEE_PARENT and end at once, as it did, when it is gone; without the variable do nothing."""
    if parent := os.environ.get(PARENT):
        threading.Thread(target=_watch, args=(int(parent),), daemon=True, name="parent-watch").start()


def answer(target: str, *, host: str, port: int, workers: int) -> None:
    """Answer requests with the application made by `module:factory` until told to stop; requests in hand are finished."""
    from granian import Granian
    from granian.constants import Interfaces

    os.environ[PARENT] = str(os.getpid())
    Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=workers,
        workers_kill_timeout=10,
        log_access=False,
        websockets=False,
        backlog=1024,
    ).serve()


def start_child(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start `marquee` with these arguments as a child that ends with us."""
    environment = os.environ | {PARENT: str(os.getpid())}
    return subprocess.Popen([sys.executable, "-m", "app", *arguments], env=environment)  # noqa: S603 - our own program


def end_child(child: subprocess.Popen[bytes], *, patience: float = 15) -> None:
    """Ask a child to finish, and insist after a while."""
    child.terminate()
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


async def work_until_told(jobs: Sequence[Job]) -> None:
    """Do background work until SIGTERM or SIGINT; the batch in hand is finished."""
    die_with_parent()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, stop.set)
    await database.open_pool()
    try:
        await run(jobs, stop=stop)
    finally:
        await database.close_pool()


def _watch(parent: int) -> None:
    while _is_alive(parent):
        time.sleep(WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    # Our own parent changes when it dies, even while its number is still in the table; a grandparent can only be asked for.
    if pid == os.getppid():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return stat.rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False
