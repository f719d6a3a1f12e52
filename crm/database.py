"""Where everything is kept: the embedded PostgreSQL or the one in DATABASE_URL, its pool, transactions and migrations.

Promises that what is awaited inside `transaction()` is in one commit, and that a failing commit loses no connection.
Refuses servers older than PostgreSQL 15, nested transactions (they are not what they look like), writes outside one.
"""

import contextlib
import functools
import io
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias, cast
from uuid import UUID

import asyncpg
from piccolo.columns import JSON, JSONB, Column, ForeignKey
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction
from piccolo.querystring import QueryString
from piccolo.table import Table
from piccolo.utils.sql_values import convert_to_sql_value

from crm import embedded, vault
from crm.errors import Busy, NotReady
from crm.settings import settings

OLDEST_SERVER = 15
MIGRATION_LOCK = 0x6D_61_72_71  # "marq": any number that nothing else locks
STRIPES = 1024
PATIENCE = 10.0  # seconds to wait for a free connection before saying that we are busy

# What asyncpg raises when the server is away, restarting or full; app.py answers it like Busy wherever it surfaces.
AWAY = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,
)

# Values of foreign keys, choices and JSON texts that need no translation; the types themselves, an enumeration's member is another.
PLAIN = frozenset((str, int, UUID))

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


class DatabaseAway(Busy):
    sentence = "The database is away; please try again in a few seconds."


class _Engine(PostgresEngine):
    async def check_version(self) -> None:
        # Piccolo connects here, at import: too early, the server may be started a line later. `migrate` asks instead.
        return


def url() -> str:
    """Where the database of this process is; names no secret when it is the embedded one."""
    return settings().database_url or embedded.url(settings().data)


DB = _Engine(config={"dsn": url()})


def start() -> None:
    """Have the database running: the embedded one is made and started when needed, an outside one is another's."""
    if settings().database_url is not None:
        return
    if not embedded.exists(settings().data):
        vault.make_keys()
    embedded.start(settings().data)


def stop() -> bool:
    """Stop the embedded server for everybody; False when there was none to stop."""
    return settings().database_url is None and embedded.stop(settings().data)


async def open_pool(**session: str) -> None:
    """Open this process's connections; call once before the first query, and `close_pool` at the end.

    `session` are settings of PostgreSQL for these connections alone.
    """
    with reaching():
        await DB.start_connection_pool(
            min_size=settings().pool_min, max_size=settings().pool_max, server_settings=session, reset=_leave
        )


async def close_pool() -> None:
    """Give all connections back; nothing may be running."""
    await DB.close_connection_pool()


async def migrate() -> None:
    """Bring the schema up to date, one process at a time; the others wait and then find nothing to do."""
    # Most processes never migrate, and this brings a formatter of code along (0.16 s, measured 2026-11-29).
    from piccolo.apps.migrations.commands.forwards import run_forwards

    with reaching():
        connection = await asyncpg.connect(DB.config["dsn"])
    try:
        if connection.get_server_version().major < OLDEST_SERVER:
            raise NotReady(why=f"PostgreSQL {OLDEST_SERVER} or newer is needed.")
        await connection.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
        # Piccolo tells its progress on stdout, which belongs to our own answers.
        with contextlib.redirect_stdout(io.StringIO()) as told:
            result = await run_forwards("all")
        if not result.success:
            raise NotReady(why=f"The migrations stopped: {told.getvalue().strip().splitlines()[-1]}")
    finally:
        # Closing ends the session and with it the lock.
        await connection.close()


@contextlib.asynccontextmanager
async def transaction() -> AsyncIterator[Connection]:
    """One database transaction for everything awaited inside; Piccolo's queries join it.

    Open it in a door, never in a verb, and spawn no task inside. Raises DatabaseAway (503) when no connection is to be
    had or it breaks.
    """
    if DB.current_transaction.get() is not None:
        raise RuntimeError("A transaction is already open here; for a savepoint use `current().transaction()`.")
    with reaching():
        connection = await _pool().acquire(timeout=PATIENCE)
    try:
        async with connection.transaction():
            # Piccolo asks it for the connection alone; its own class would lose that when a commit fails.
            joined = DB.current_transaction.set(cast("PostgresTransaction", SimpleNamespace(connection=connection)))
            try:
                yield connection
            finally:
                DB.current_transaction.reset(joined)
    except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as lost:
        # Nothing was written and nothing is wrong: the same request again will most likely do.
        raise Busy from lost
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as broken:
        # A broken pipe is the reader of our output (`marquee people members | head`), unless the connection is gone as well.
        is_of_database = isinstance(broken, AWAY) and not isinstance(broken, BrokenPipeError)
        if not is_of_database and not _is_gone(connection):
            raise
        raise DatabaseAway from broken
    finally:
        # A connection that broke goes back whatever its commit raised; failing to tidy it says nothing of the commit.
        with contextlib.suppress(*AWAY, asyncpg.InterfaceError):
            await _pool().release(connection)


async def at_once(statement: str, *facts: object) -> list[asyncpg.Record]:
    """The rows of one statement that is a transaction of its own, over when this returns; inside an open one it belongs to that."""
    running = DB.current_transaction.get()
    if running is not None:
        return await cast("Connection", running.connection).fetch(statement, *facts)
    with reaching():
        async with _pool().acquire(timeout=PATIENCE) as connection:
            return await connection.fetch(statement, *facts)


@contextlib.contextmanager
def reaching() -> Iterator[None]:
    """Around a query that needs no transaction: says DatabaseAway when the server is not to be reached."""
    try:
        yield
    except (*AWAY, OSError) as away:
        # OSError: a missing socket, or nothing free in time.
        raise DatabaseAway from away


def current() -> Connection:
    """The connection of the running transaction; raises outside one."""
    running = DB.current_transaction.get()
    if running is None:
        raise RuntimeError("Open a transaction first (in the door): this writes or locks.")
    return cast("Connection", running.connection)


async def insert(rows: Sequence[Table]) -> None:
    """Write rows of one table in one COPY inside the running transaction; afterwards they count as stored.

    The fastest way in for one row or ten thousand. An unset serial column is numbered by the database, unknown here.
    """
    if not rows:
        return
    table = type(rows[0])
    if any(type(row) is not table for row in rows):
        raise TypeError("insert() takes the rows of one table at a time.")
    columns = [column for column in table._meta.columns if not _is_left_to_the_database(rows[0], column)]  # noqa: SLF001
    records = _records(rows, columns)
    names = [column._meta.db_column_name for column in columns]  # noqa: SLF001
    await current().copy_records_to_table(table._meta.tablename, records=records, columns=names)  # noqa: SLF001
    for row in rows:
        row._exists_in_db = True  # noqa: SLF001


async def lock_stripes(space: int, names: Iterable[str]) -> None:
    """Hold advisory locks on these names until the transaction ends: they hash onto 1,024 stripes of a space.

    Stripes, because a batch may name thousands of things and PostgreSQL's lock table is finite; taken in order, so that
    two batches never wait for each other in a circle.
    """
    stripes = sorted({zlib.crc32(name.encode()) % STRIPES for name in names})
    taking = "select pg_advisory_xact_lock($1, stripe) from unnest($2::int[]) as taken (stripe)"
    await current().execute(taking, space, stripes)


async def notify(channel: str) -> None:
    """Wake whoever listens on the channel when this transaction commits; a hint only, the rows are the queue."""
    await current().execute("select pg_notify($1, '')", channel)


@functools.cache
def statement(app: str, name: str) -> str:
    """The text of `<app>/sql/<name>.sql`."""
    return (Path(__file__).parent.parent / app / "sql" / f"{name}.sql").read_text(encoding="utf-8")


async def _leave(connection: Connection) -> None:
    """Nothing to tidy when a connection goes back: all that we ever set or lock is its transaction's, and asyncpg has ended that.

    Its own way of tidying is a statement more, a fifth of what an empty transaction costs (measured 2026-11-29).
    """


def _is_gone(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        # The pool took it back when it broke.
        return True


def _pool() -> "asyncpg.Pool[asyncpg.Record]":
    if DB.pool is None:
        raise RuntimeError("No connections yet: `await database.open_pool()` comes first.")
    return DB.pool


def _is_left_to_the_database(row: Table, column: Column) -> bool:
    # An unset serial holds Piccolo's DEFAULT expression, which COPY cannot carry: left out, its sequence counts.
    return isinstance(getattr(row, column._meta.name), QueryString)  # noqa: SLF001


def _records(rows: Sequence[Table], columns: Sequence[Column]) -> list[tuple[Any, ...]]:
    read = _reader([column._meta.name for column in columns])  # noqa: SLF001
    translated = [(place, column) for place, column in enumerate(columns) if _needs_translation(column)]
    if not translated:
        return [read(vars(row)) for row in rows]
    return [_translated(read(vars(row)), translated) for row in rows]


def _reader(names: list[str]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    # A row keeps its values in its dict; past the columns' descriptors, a tuple of them costs 0.3 us instead of 7.
    read = itemgetter(*names)
    return read if len(names) > 1 else lambda values: (read(values),)


def _needs_translation(column: Column) -> bool:
    return isinstance(column, JSON | JSONB | ForeignKey) or bool(column._meta.choices)  # noqa: SLF001


def _translated(values: tuple[Any, ...], translated: list[tuple[int, Column]]) -> tuple[Any, ...]:
    changed = list(values)
    for place, column in translated:
        value = changed[place]
        # Piccolo's translation costs 2 us a value; most are what asyncpg takes as it is.
        if value is not None and type(value) not in PLAIN:
            changed[place] = convert_to_sql_value(value, column)
    return tuple(changed)
