"""Marquee as it runs for people: `marquee serve` in processes of its own on a free loopback port, and the command line.

What is started here is stopped by its number. The sizes of the long repetitions are small in a usual run and those of
the promises with MARQUEE_FULL=1.
"""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx

ROOT = Path(__file__).parents[2]
FULL = os.environ.get("MARQUEE_FULL") == "1"
# A busy machine is slow to import what a server needs; nothing here waits that long on an idle one.
PATIENCE = 60.0

# Ample capacity: what is tested here is never that a store is full.
STORES = """store_code,name_zh,dealer_code,kind,brands,region_code,longitude,latitude,daily_capacity,weight,opens,closes,services
S1,成都一号店,D1,user_centre,aito;stelato,510107,104.0650,30.5700,90000,1,09:00,18:00,sales;delivery
S2,成都二号店,D2,user_centre,aito,510107,104.0670,30.5750,90000,1,09:00,18:00,sales
S3,成都三号店,D1,experience_centre,luxeed,510107,104.0660,30.5720,90000,1,10:00,22:00,sales
"""
NOTICE = {"id": "desk", "version": "1", "language": "zh"}

# Several commands in one process: each is what `marquee ...` runs, only what they import is read once.
COMMANDS = (
    "import json, sys; from app import main; [main(line, standalone_mode=False) for line in json.loads(sys.argv[1])]"
)

_numbers = count(1)


def size(usual: int, *, full: int) -> int:
    """How often to repeat: `full` when the promises are to be shown in full."""
    return full if FULL else usual


@dataclass
class House:
    """A `marquee serve` under way with everything it started; `log` has its stdout and stderr."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def client(self, key: str | None = None, **kwargs: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, limits=limits, trust_env=False, **kwargs)

    def family(self) -> list[int]:
        """The numbers of the server and of everything below it."""
        return [self.process.pid, *_below(self.process.pid)]

    def worker(self) -> int | None:
        """The number of the process that does the background work."""
        return next((pid for pid in self.family() if is_running(pid) and order(pid)[-1:] == ["worker"]), None)

    def kill(self) -> list[int]:
        """End the server as a crash would; what it had started is told, and has to end by itself."""
        family = self.family()
        self.process.kill()
        self.process.wait()
        return family

    def stop(self) -> int:
        """End the server politely; its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def serving(environment: Mapping[str, str], *, log: Path, workers: int = 1, port: int | None = None) -> Iterator[House]:
    """A ready server; stopped at the end, if it has not ended before."""
    house = start(environment, log=log, workers=workers, port=port)
    try:
        wait_until_ready(house)
        yield house
    finally:
        if house.process.poll() is None:
            house.stop()


def start(environment: Mapping[str, str], *, log: Path, workers: int = 1, port: int | None = None) -> House:
    """A server on its way; `wait_until_ready` says when it answers."""
    number = port or free_port()
    arguments = ["serve", "--port", str(number), "--workers", str(workers)]
    with log.open("ab") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", *arguments],
            cwd=ROOT,
            env=_usual(environment),
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
        )
    return House(process, f"http://127.0.0.1:{number}", log)


def wait_until_ready(house: House) -> None:
    def answers() -> bool:
        assert house.process.poll() is None, f"the server ended:\n{house.log.read_text()[-2000:]}"
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{house.url}/health/ready", trust_env=False).status_code == 200
        return False

    eventually(answers, within=PATIENCE)


def commands(environment: Mapping[str, str], *lines: Sequence[str], log: Path | None = None) -> list[str]:
    """Run `marquee` with each of these lines; what they said on stdout, line by line."""
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, json.dumps([[str(word) for word in line] for line in lines])],
        cwd=ROOT,
        env=_usual(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if log is not None:
        with log.open("a") as told:
            told.write(done.stdout + done.stderr)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def keys(environment: Mapping[str, str], *, sources: Sequence[str] = (), dealers: Sequence[str] = ()) -> dict[str, str]:
    """A new key for each of these, by code."""
    wanted = [("--source", code) for code in sources] + [("--dealer", code) for code in dealers]
    told = commands(environment, *(["keys", "create", kind, code, "--json"] for kind, code in wanted))
    return {code: json.loads(line)["key"] for (_, code), line in zip(wanted, told, strict=True)}


def open_show(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Three stores of two dealers in Chengdu, two sources; the keys of them all by code."""
    file = folder / "stores.csv"
    file.write_text(STORES, encoding="utf-8")
    codes = {"desk": "--source", "web": "--source", "D1": "--dealer", "D2": "--dealer"}
    asking = [["keys", "create", kind, code, "--json"] for code, kind in codes.items()]
    opened, *told = commands(environment, ["network", "import", str(file), "--json"], *asking)
    assert json.loads(opened)["created"] == 3
    return {code: json.loads(line)["key"] for code, line in zip(codes, told, strict=True)}


def asked(url: str, query: str, *facts: object) -> list[asyncpg.Record]:
    """What the database itself says."""

    async def ask() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url)
        try:
            rows: list[asyncpg.Record] = await connection.fetch(query, *facts)
            return rows
        finally:
            await connection.close()

    return asyncio.run(ask())


def asked_beside(url: str, query: str, *facts: object) -> list[asyncpg.Record]:
    """The same where a loop is running already, as playwright's is."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(asked, url, query, *facts).result()


def eventually(holds: Callable[[], object], *, within: float) -> float:
    """Wait for something to become so; how many seconds that took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within, f"not so after {within} s"
        time.sleep(0.05)
    return time.monotonic() - began


def lines(dealer: httpx.Client, *, after: int = 0) -> list[dict[str, Any]]:
    """Everything in a dealer's feed from here on."""
    found: list[dict[str, Any]] = []
    more = True
    while more:
        page = dealer.get("/api/v1/inbox", params={"after": after, "limit": 200}).json()
        after, more, found = page["next"], page["more"], found + page["items"]
    return found


def offered(
    desk: httpx.Client, body: Mapping[str, Any], *dealers: httpx.Client
) -> tuple[dict[str, Any], httpx.Client, dict[str, Any]]:
    """Send a lead and wait for its offer: what the source was told, the client of the dealer that got it, and the offer."""
    answer = desk.post("/api/v1/leads", json=body)
    assert answer.status_code == 201, answer.text
    shown = masked(body["person"]["phone"])
    found: list[tuple[httpx.Client, dict[str, Any]]] = []

    def look() -> list[Any]:
        for dealer in dealers:
            # The lead has another name for each dealer; what is left of the phone will do.
            offers = (line["offer"] for line in lines(dealer) if line["type"] == "offered")
            found.extend((dealer, one) for one in offers if one["lead"].get("person", {}).get("phone") == shown)
        return found

    eventually(look, within=PATIENCE)
    return answer.json(), *found[0]


def masked(phone: str) -> str:
    return f"{phone[:3]}****{phone[-4:]}"


def a_phone(number: int | None = None) -> str:
    """A number of nobody else, so unlike the others that nobody takes it for one of them mistyped."""
    return f"139{(number or next(_numbers)) * 76543211 % 10**8:08}"


def a_name(number: int) -> str:
    """A full name; close numbers give quite different ones."""
    surnames, given = (
        "赵钱孙李周吴郑王冯陈卫蒋沈韩杨朱秦许何吕",
        "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰飞",
    )
    mixed = number * 7919
    places = mixed % len(surnames), mixed // 20 % len(given), mixed // 540 % len(given)
    return surnames[places[0]] + given[places[1]] + given[places[2]]


def a_lead(external_id: str | None = None, **facts: Any) -> dict[str, Any]:
    """The body of a lead at the Chengdu show that wants to test drive an AITO, and agrees to its dealers."""
    number = next(_numbers)
    return {
        "external_id": external_id or f"W{number}",
        "captured_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "source": {"kind": "event_desk", "campaign": "chengdu-2025"},
        "person": {"name": a_name(number), "phone": a_phone(number)},
        "place": {"latitude": 30.5728, "longitude": 104.0662},
        "interests": [{"kind": "test_drive", "brand": "aito"}],
        "consents": [consents("aito")],
    } | facts


def consents(*brands: str, given: bool = True, purpose: str = "share_with_dealer") -> dict[str, Any]:
    return {"purpose": purpose, "given": given, "brands": list(brands), "notice": NOTICE}


def free_port() -> int:
    """A port on which nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_running(pid: int) -> bool:
    """Whether the process still does anything; one that nobody has buried yet does not."""
    return _state(pid) not in {None, "Z", "X"}


def processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def order(pid: int) -> list[str]:
    """The command line of a process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def _usual(environment: Mapping[str, str]) -> dict[str, str]:
    # Two servers at once and the tests themselves share the hundred connections of one PostgreSQL.
    return {"MARQUEE_POOL_MAX": "16" if FULL else "8", **environment}


def _below(pid: int) -> list[int]:
    children = [child for child in processes() if _parent(child) == pid]
    return children + [below for child in children for below in _below(child)]


def _parent(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[1]) if fields else None


def _state(pid: int) -> str | None:
    fields = _stat(pid)
    return fields[0] if fields else None


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
