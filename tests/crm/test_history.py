"""What was done stays readable, and no reader of changes misses one that was written early and committed late."""

import asyncio

import asyncpg
import pytest

from crm import database, history
from crm.database import current, insert, transaction
from crm.ids import uuid7
from crm.settings import settings
from crm.tables import Person
from tests.cast import NOON, fetch


@pytest.fixture
async def person():
    async with transaction():
        await insert([Person(id=(one := uuid7(NOON)), status="active", created_at=NOON)])
    return one


async def tell(person, kind="merged"):
    async with transaction():
        await history.tell(kind, [person], at=NOON, about=kind)


async def read(reader="tester", *, limit=200):
    """What the reader gets now, taken as done."""
    async with transaction():
        changes = await history.unread(reader, limit=limit)
        if changes:
            await history.mark_read(reader, changes[-1])
    return [change.kind for change in changes]


async def read_all(reader="tester", *, of):
    """Reads on until so many came: a writer anywhere on the server holds all readers back for a moment."""
    kinds = []
    for _ in range(200):
        kinds += await read(reader)
        if len(kinds) >= of:
            break
        await asyncio.sleep(0.05)
    return kinds


async def test_a_note_says_who_did_what_to_which_thing():
    async with transaction():
        await history.note("staff:cli", "merged", "person", 7, at=NOON, reason="one card")

    [row] = await fetch("select actor, action, subject_kind, subject, details, at from history_entry")
    assert tuple(row) == ("staff:cli", "merged", "person", "7", '{"reason": "one card"}', NOON)


@pytest.mark.parametrize("attempt", ["update history_entry set actor = 'nobody'", "delete from history_entry"])
async def test_a_note_stays_as_it_was_written(attempt):
    async with transaction():
        await history.note("staff:cli", "merged", "person", 7, at=NOON)

    with pytest.raises(asyncpg.RestrictViolationError):
        await fetch(attempt)


async def test_each_reader_gets_every_change_once_and_in_order(person):
    for kind in ("consent_given", "consent_withdrawn", "merged"):
        await tell(person, kind)

    told = ["consent_given", "consent_withdrawn", "merged"]
    assert await read_all("one", of=3) == told
    assert await read_all("other", of=3) == told
    assert await read("one") == []


async def test_a_change_carries_its_details_and_who_it_is_about(person):
    await tell(person, "unmerged")

    for _ in range(200):
        async with transaction():
            if changes := await history.unread("tester"):
                break
        await asyncio.sleep(0.05)
    assert (changes[0].person, changes[0].details, changes[0].at) == (person, {"about": "unmerged"}, NOON)


async def test_what_was_not_marked_as_read_comes_again(person):
    await tell(person)
    for _ in range(200):
        async with transaction():
            if await history.unread("tester"):
                break
        await asyncio.sleep(0.05)

    assert await read_all(of=1) == ["merged"]


async def test_a_long_story_is_read_in_pieces(person):
    for _ in range(5):
        await tell(person)
    await read_all("whole", of=5)

    assert [len(await read("piecewise", limit=2)) for _ in range(4)] == [2, 2, 1, 0]


async def test_a_change_that_commits_late_is_not_skipped(person):
    late = await asyncpg.connect(settings().database_url)
    try:
        async with late.transaction():
            await late.execute(
                "insert into change (xid, kind, person, at) values (pg_current_xact_id()::text::bigint, 'late', $1, $2)",
                person,
                NOON,
            )
            await tell(person, "early")
            # The late one is older; had the early one been given out, nobody would ever look behind it again.
            assert await read() == []
        assert await read_all(of=2) == ["late", "early"]
    finally:
        await late.close()


async def test_what_was_rolled_back_was_never_told(person):
    with pytest.raises(ZeroDivisionError):
        async with transaction():
            await history.tell("merged", [person], at=NOON)
            raise ZeroDivisionError
    await tell(person, "unmerged")

    assert await read_all(of=1) == ["unmerged"]


async def test_two_readers_of_one_name_never_share_a_change(person):
    for _ in range(10):
        await tell(person)
    await read_all("somebody else", of=10)

    shares = await asyncio.gather(*(read(limit=5) for _ in range(3)))

    assert sorted(map(len, shares)) == [0, 5, 5]


async def test_a_reader_with_nothing_new_writes_nothing(person):
    await tell(person)
    await read_all(of=1)

    async with transaction():
        await history.unread("tester")
        assert await current().fetchval("select pg_current_xact_id_if_assigned()") is None


async def test_who_tells_wakes_who_listens(person):
    heard = asyncio.Event()
    listener = await asyncpg.connect(database.DB.config["dsn"])
    await listener.add_listener(history.CHANGES, lambda *_: heard.set())

    await tell(person)

    await asyncio.wait_for(heard.wait(), 5)
    await listener.close()
