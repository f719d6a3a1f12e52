"""Processes of the house: those that answer, those that work, and that none outlives the one that started it.

Promises that a terminated process finishes what it holds, that a killed one is followed by another, and that a killed parent takes its
children along: a server nobody knows of would share the port in silence.
"""

import asyncio
import contextlib
import gc
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

import structlog

from crm import database
from crm.errors import Refused
from crm.orphans import PARENT, WATCH_SECONDS, die_with_parent
from crm.work import Job, run

log = structlog.get_logger()

RESTART_SECONDS = 1.0
PATIENCE = 15.0  # seconds for a child to finish what it holds
STEP_BACK = 5  # how nice what works beside an answering process is to it: an answer is waited for, an offer can come a second later
LOOK_AFTER = 20_000  # new objects before the garbage collector looks at the youngest
# What `marquee` runs, only that the watch over the parent begins before the seconds of reading everything else.
CHILD = "from crm.orphans import die_with_parent; die_with_parent(); from app import main; main()"


class PortTaken(Refused):
    sentence = "Something else answers on port {port}; choose another one with --port (make demo PORT=8001)."


def refuse_taken(port: int, *, host: str = "127.0.0.1") -> None:
    """Refuse a port on which somebody else answers: two servers would share it in silence."""
    with socket.socket() as caller:
        if caller.connect_ex((host, port)) == 0:
            raise PortTaken(port=port)


def answer(target: str, *, host: str, port: int, workers: int) -> None:
    """Answer requests with the application made by `module:factory` until told to stop; requests in hand are finished."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    os.environ[PARENT] = str(os.getpid())
    Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=workers,
        workers_kill_timeout=10,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
        log_access=False,
        websockets=False,
        backlog=1024,
    ).serve()


@contextlib.contextmanager
def answering(target: str, *, host: str, port: int) -> Iterator[None]:
    """The same beside us, in a fork that need not read the house again: begin it before any thread or connection."""
    server = multiprocessing.get_context("fork").Process(target=_answer_for, args=(os.getpid(), target, host, port))
    server.start()
    try:
        yield
    finally:
        server.terminate()
        server.join()


def settle() -> None:
    """What a process has when it begins its work stays to its end: tell the garbage collector to look through it no more.

    A quarter of what taking in leads cost was its looking through everything again and again (measured 2026-11-29).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(LOOK_AFTER, 10, 10)


@contextlib.contextmanager
def child(arguments: Sequence[str]) -> Iterator[None]:
    """`marquee` with these arguments beside us: it ends with us, and when it ends before, another one follows."""
    over = threading.Event()
    # The first one is started here: a fork of ours should not meet a thread that is just starting a process.
    keeper = threading.Thread(target=_keep, args=(_start(arguments), arguments, over), name="keeper")
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


async def work_until_told(jobs: Sequence[Job]) -> None:
    """Do background work until SIGTERM or SIGINT; the batch in hand is finished."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, stop.set)
    await database.open_pool()
    settle()
    try:
        await run(jobs, stop=stop)
    finally:
        await database.close_pool()


def _answer_for(parent: int, target: str, host: str, port: int) -> None:
    os.environ[PARENT] = str(parent)
    die_with_parent()
    answer(target, host=host, port=port, workers=1)


def _keep(started: subprocess.Popen[bytes], arguments: Sequence[str], over: threading.Event) -> None:
    while not over.wait(WATCH_SECONDS):
        if started.poll() is not None and not over.wait(RESTART_SECONDS):
            log.error("child_ended", child=arguments[0], code=started.returncode)
            started = _start(arguments)
    _end(started)


def _start(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    environment = os.environ | {PARENT: str(os.getpid())}
    started = subprocess.Popen([sys.executable, "-c", CHILD, *arguments], env=environment)  # noqa: S603 - our own program
    os.setpriority(os.PRIO_PROCESS, started.pid, os.getpriority(os.PRIO_PROCESS, 0) + STEP_BACK)
    return started


def _end(started: subprocess.Popen[bytes]) -> None:
    """Ask a child to finish, and insist after a while."""
    started.terminate()
    try:
        started.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()
