"""One commit for all or nothing, and a pool that stays whole whatever goes wrong."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from crm import database
from crm.errors import Busy
from crm.settings import settings
from crm.tables import HistoryEntry, Person, Source

NOON = datetime(2026, 4, 25, 4, 0, tzinfo=UTC)


def a_person(**facts):
    return Person(**{"id": uuid4(), "status": "active", "created_at": NOON, **facts})


def an_entry(**facts):
    return HistoryEntry(actor="test", action="looked", subject_kind="source", subject="1", at=NOON, **facts)


async def test_what_is_written_inside_one_transaction_stays_or_goes_together():
    async def write_and_fail():
        async with database.transaction() as connection:
            await Source(code="desk", kind="import").save()
            await database.insert([a_person()])
            await connection.execute("insert into source (code, kind, test) values ('form', 'web_form', false)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_fail()

    assert await Source.count() == 0
    assert await Person.count() == 0


async def test_failing_commits_do_not_cost_connections():
    for _ in range(settings().pool_max + 2):
        with pytest.raises(Busy):
            async with database.transaction() as connection:
                await _cut(await connection.fetchval("select pg_backend_pid()"))

    async with asyncio.timeout(5), database.transaction():
        await Source(code="desk", kind="import").save()
    assert await Source.count() == 1


async def test_a_transaction_inside_another_is_refused():
    async with database.transaction():
        with pytest.raises(RuntimeError, match="already open"):
            async with database.transaction():
                pass


async def test_bulk_writing_needs_a_transaction():
    with pytest.raises(RuntimeError, match="Open a transaction"):
        await database.insert([a_person()])


async def test_rows_come_back_as_they_went_in_and_are_numbered():
    people = [a_person() for _ in range(500)]

    async with database.transaction():
        await database.insert(people)

    stored = await Person.select(Person.id, Person.no, Person.version).order_by(Person.no)
    assert [row["id"] for row in stored] == [person.id for person in people]
    assert len({row["no"] for row in stored}) == 500
    assert {row["version"] for row in stored} == {1}


async def test_an_inserted_row_can_be_changed_and_saved():
    person = a_person()

    async with database.transaction():
        await database.insert([person])
        person.status = "provisional"
        await person.save([Person.status])

    assert await Person.select(Person.status).output(as_list=True) == ["provisional"]


async def test_json_and_rows_as_foreign_keys_are_translated():
    person = a_person()

    async with database.transaction():
        await database.insert([person])
        await database.insert([a_person(status="merged", merged_into=person)])
        await database.insert([an_entry(details={"n": [1, None]})])

    [entry] = await HistoryEntry.select(HistoryEntry.details).output(load_json=True)
    assert entry["details"] == {"n": [1, None]}
    assert await Person.count().where(Person.merged_into == person.id) == 1


async def test_one_insert_takes_rows_of_one_table():
    async with database.transaction():
        with pytest.raises(TypeError, match="one table"):
            await database.insert([a_person(), an_entry()])


async def test_a_hint_arrives_with_the_commit():
    listener = await asyncpg.connect(database.url())
    heard = asyncio.Event()
    await listener.add_listener("work", lambda *_: heard.set())

    async with database.transaction():
        await database.notify("work")
        await asyncio.sleep(0.05)
        assert not heard.is_set()

    await asyncio.wait_for(heard.wait(), timeout=2)
    await listener.close()


async def test_broken_connections_are_replaced_without_a_restart():
    async with database.transaction() as connection:
        await connection.fetchval("select 1")
    await _cut_all()

    async with database.transaction() as connection:
        assert await connection.fetchval("select 1") == 1


def test_two_processes_that_migrate_at_once_both_find_the_schema_whole(fresh_database):
    asyncio.run(_empty(fresh_database.url))
    order = [sys.executable, "-c", "import asyncio; from crm import database; asyncio.run(database.migrate())"]

    both = [subprocess.Popen(order, env=fresh_database.environment, stdout=subprocess.PIPE) for _ in range(2)]

    assert [process.communicate(timeout=60)[0] for process in both] == [b"", b""]
    assert [process.returncode for process in both] == [0, 0]
    assert asyncio.run(_count(fresh_database.url, "select count(*) from (select 1 from migration group by name) a")) > 0
    assert asyncio.run(_count(fresh_database.url, "select count(*) - count(distinct name) from migration")) == 0


async def _cut(backend):
    connection = await asyncpg.connect(database.url())
    await connection.execute("select pg_terminate_backend($1, 5000)", backend)
    await connection.close()


async def _cut_all():
    connection = await asyncpg.connect(database.url())
    others = "datname = current_database() and pid <> pg_backend_pid() and application_name <> 'ground'"
    await connection.execute(f"select pg_terminate_backend(pid, 5000) from pg_stat_activity where {others}")
    await connection.close()


async def _empty(url):
    connection = await asyncpg.connect(url)
    await connection.execute("drop schema public cascade; create schema public")
    await connection.close()


async def _count(url, query):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()
