"""The ground under every test: one careless PostgreSQL per run, one database per worker, clean tables per async test.

MARQUEE_TEST_DATABASE_URL lets the run use an outside server instead; its user must be a superuser. What was started or
made here is stopped and dropped at the end, except the template on an outside server, which the next run finds by hash.
"""

import asyncio
import hashlib
import inspect
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

ROOT = Path(__file__).parent.parent

# xdist's workers inherit this, so that they share one folder and one server; who made it takes it away.
STARTED_HERE = "MARQUEE_TEST_RUN" not in os.environ
RUN = Path(os.environ.setdefault("MARQUEE_TEST_RUN", tempfile.mkdtemp(prefix="marquee-test-") if STARTED_HERE else ""))
OUTSIDE = os.environ.get("MARQUEE_TEST_DATABASE_URL")
SERVER = RUN / "server"
OWN_DATABASE = f"test_{RUN.name[-8:]}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"

TEST_KEYS = (
    '{"current": 1, "sealing": {"1": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},'
    ' "match": "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",'
    ' "reference": "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="}'
)
CARELESS = dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes", "autovacuum"), "off")


def _url(name: str) -> str:
    if OUTSIDE:
        return urlsplit(OUTSIDE)._replace(path=f"/{name}").geturl()
    return embedded.url(SERVER, database=name)


def _environment(name: str) -> dict[str, str]:
    return {"DATABASE_URL": _url(name), "MARQUEE_KEYS": TEST_KEYS, "MARQUEE_DATA": str(RUN / "data")}


# The house reads its environment once, at the first import of crm.database: it must be there before any test module.
from crm import embedded  # noqa: E402

os.environ.update(_environment(OWN_DATABASE))

from crm import database, languages, reference  # noqa: E402


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every async test stands on clean tables, whether it asks for them or not; a file's tests share a worker, and so do all of the stage's."""
    for item in items:
        on_stage = "staged" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("stage" if on_stage else f"{item.path.parent.name}/{item.path.stem}"))
        function = getattr(getattr(item, "obj", None), "hypothesis", None)
        test = function.inner_test if function else getattr(item, "obj", None)
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(test):
            item.fixturenames.insert(0, "clean_tables")


def pytest_configure() -> None:
    # A run that is told to end (a time limit, CI) ends like one that is interrupted: with its server stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_unconfigure() -> None:
    if STARTED_HERE and RUN.exists():
        if not OUTSIDE:
            embedded.stop(SERVER)
        shutil.rmtree(RUN, ignore_errors=True)


@dataclass(frozen=True)
class Fresh:
    """A database of a test's own, for processes and races: its URL and the environment in which `marquee` uses it."""

    url: str
    environment: dict[str, str]


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def server() -> str:
    """The name of the migrated and seeded template on the running server."""
    if not OUTSIDE:
        embedded.start(SERVER, configuration=CARELESS)
    return asyncio.run(_template())


@pytest.fixture
def fresh_database(server: str) -> Iterator[Fresh]:
    yield from _fresh(server)


@pytest.fixture(scope="session")
def lasting_database(server: str) -> Iterator[Fresh]:
    """The same for a whole run of one worker: for what is slow to start and used by many tests."""
    yield from _fresh(server)


@pytest.fixture(scope="module")
def house_database(server: str) -> Iterator[Fresh]:
    """And for the tests of one file."""
    yield from _fresh(server)


@pytest.fixture(scope="session")
def stage_database(server: str) -> Iterator[Fresh]:
    """One more for a whole run: the stage of the browser tests, on which nobody else plays."""
    yield from _fresh(server)


@pytest.fixture(scope="session")
async def ground(server: str) -> "AsyncIterator[Ground]":
    """This worker's database with the house's pool open on it."""
    await _on_server(f'create database "{OWN_DATABASE}" template "{server}"')
    connection = await asyncpg.connect(_url(OWN_DATABASE), server_settings={"application_name": "ground"})
    await database.open_pool()
    yield await Ground.survey(connection)
    await database.close_pool()
    await connection.close()
    await _on_server(f'drop database "{OWN_DATABASE}" with (force)')


@pytest.fixture
async def clean_tables(ground: "Ground") -> None:
    """Only reference data is there and English is spoken, whatever the test before left behind."""
    await ground.clean()
    # A page asked for in this process speaks its reader's language, and all tests share one context.
    languages.speak("en")
    languages.reckon()


class Ground:
    """Remembers how the seeded database looked, and brings the tables that a test touched back to that."""

    def __init__(self, connection: asyncpg.Connection, empty: list[str], seeded: dict[str, bytes]) -> None:
        self.connection = connection
        self.seeded = seeded
        # A seeded table was touched when its rows or the transactions that wrote them are no longer the same.
        self.look = " union all ".join(
            [f"select '{table}', exists (select from \"{table}\")::int, 0" for table in empty]
            + [f"select '{table}', count(*), sum(xmin::text::bigint) from \"{table}\"" for table in seeded]
        )
        self.untouched: set[tuple[str, int, int]] = set()

    @classmethod
    async def survey(cls, connection: asyncpg.Connection) -> "Ground":
        # Foreign keys and triggers must not stand in the way of emptying and refilling, nor a forgotten transaction.
        await connection.execute("set session_replication_role = replica; set lock_timeout = '10s'")
        tables = [
            row[0] for row in await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        ]
        filled = [table for table in tables if await connection.fetchval(f'select exists (select from "{table}")')]
        seeded = {table: await _copy_out(connection, table) for table in filled}
        ground = cls(connection, [table for table in tables if table not in seeded], seeded)
        ground.untouched = set(map(tuple, await connection.fetch(ground.look)))
        return ground

    async def clean(self) -> None:
        touched = [row[0] for row in await self.connection.fetch(self.look) if tuple(row) not in self.untouched]
        for table in touched:
            await self._restore(table)
        if self.seeded.keys() & set(touched):
            reference.forget()
            self.untouched = set(map(tuple, await self.connection.fetch(self.look)))

    async def _restore(self, table: str) -> None:
        # Deleting a few rows takes a tenth of what TRUNCATE takes; a big heap of dead rows would slow the tests after.
        gone = await self.connection.execute(f'delete from "{table}"')
        if int(gone.split()[-1]) > 500:
            await self.connection.execute(f'vacuum "{table}"')
        if table in self.seeded:
            await self.connection.copy_to_table(table, source=_in_one_go(self.seeded[table]), format="binary")


def _fresh(template: str) -> Iterator[Fresh]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    asyncio.run(_on_server(f'create database "{name}" template "{template}"'))
    yield Fresh(_url(name), {**os.environ, **_environment(name)})
    asyncio.run(_on_server(f'drop database "{name}" with (force)'))


async def _in_one_go(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _copy_out(connection: asyncpg.Connection, table: str) -> bytes:
    pieces: list[bytes] = []

    async def keep(piece: bytes) -> None:
        pieces.append(piece)

    await connection.copy_from_table(table, output=keep, format="binary")
    return b"".join(pieces)


async def _template() -> str:
    name = f"marquee_template_{_hash()}"
    connection = await _to_server()
    try:
        await connection.execute("select pg_advisory_lock(1)")
        if not await connection.fetchval("select exists (select from pg_database where datname = $1)", name):
            await _make_template(connection, name)
    finally:
        await connection.close()
    return name


async def _make_template(connection: asyncpg.Connection, name: str) -> None:
    # Under another name until it is whole, for an interrupted one would be taken for good.
    draft = f"{name}_draft"
    await connection.execute(f'drop database if exists "{draft}" with (force)')
    await connection.execute(f'create database "{draft}"')
    own, database.DB.config["dsn"] = database.DB.config["dsn"], _url(draft)
    await database.migrate()
    await database.open_pool()
    async with database.transaction():
        await _seed()
    await database.close_pool()
    database.DB.config["dsn"] = own
    await connection.execute(f'alter database "{draft}" rename to "{name}"')


async def _seed() -> None:
    # What `marquee seed` writes. Imported here, so that tests of pure functions do not wait for the whole house.
    from campaigns import kinds as ledger_kinds
    from leads import kinds as journey_kinds
    from leads.routing import policies

    await reference.seed()
    await ledger_kinds.seed()
    await journey_kinds.seed()
    await policies.seed(active_from=datetime(2020, 1, 1, tzinfo=UTC))


def _hash() -> str:
    seeding = ("piccolo_migrations/*.py", "data/*", "reference.py", "kinds.py", "policies.py")
    made_from = [path for pattern in seeding for path in ROOT.glob(f"*/{pattern}")]
    digest = hashlib.sha256()
    for path in sorted(made_from):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


async def _on_server(statement: str) -> None:
    connection = await _to_server()
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _to_server() -> asyncpg.Connection:
    return await asyncpg.connect(OUTSIDE or embedded.url(SERVER))
