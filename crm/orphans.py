"""No process outlives the one that started it: it watches the one named in MARQUEE_PARENT and ends when that is gone.

Promises to be quick to import, so that the watch begins before anything else does: a child that is killed while it still reads its program
would live on for seconds.
"""

import os
import signal
import threading
import time
from pathlib import Path

WATCH_SECONDS = 0.2
PARENT = "MARQUEE_PARENT"


def die_with_parent() -> None:
    """Watch the process named in MARQUEE_PARENT and end at once, as it did, when it is gone; without the variable do nothing."""
    if parent := os.environ.get(PARENT):
        threading.Thread(target=_watch, args=(int(parent),), daemon=True, name="parent-watch").start()


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
