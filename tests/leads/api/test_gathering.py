"""Leads that wait are taken in together; nobody is answered before the commit, and nobody pays for another's lead."""

import asyncio

import asyncpg
import pytest

from crm.database import transaction
from crm.errors import Busy
from leads.api import gathering as room
from leads.api.gathering import Gathering
from tests.cast import fetch, incoming, open_chengdu, registration, source, value

BREAKING = """
create function break_it() returns trigger language plpgsql as $$ begin raise exception 'broken on purpose'; end $$;
create {kind} trigger breaks after insert on submission {deferred} for each row when (new.external_id = 'broken') execute function break_it()
"""


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


@pytest.fixture
async def desk():
    return (await source()).id


@pytest.fixture
async def gathering():
    made = Gathering()
    yield made
    await made.finish()


@pytest.fixture
async def breaking():
    """A database that breaks on one submission: at once, or only when its transaction commits."""

    async def begin(*, at_commit: bool) -> None:
        kind, deferred = ("constraint", "deferrable initially deferred") if at_commit else ("", "")
        async with transaction() as connection:
            await connection.execute(BREAKING.format(kind=kind, deferred=deferred))

    yield begin
    async with transaction() as connection:
        await connection.execute("drop trigger breaks on submission; drop function break_it()")


async def sent(gathering, *said, source):
    """What each of these is answered when all come at the same moment."""
    answers = (gathering.accept(incoming(one), source=source) for one in said)
    return await asyncio.gather(*answers, return_exceptions=True)


def several(count):
    return [registration(external_id=f"G{number}") for number in range(count)]


async def transactions():
    return [
        row["leads"]
        for row in await fetch("select count(*) as leads from submission group by xmin order by min(received_at)")
    ]


async def test_what_comes_while_a_transaction_runs_goes_into_the_next(gathering, desk):
    outcomes = await sent(gathering, *several(20), source=desk)

    assert [outcome.fate for outcome in outcomes] == ["created"] * 20
    # Whoever comes first waits for nobody; they all share the first loop round of the worker here.
    assert sum(await transactions()) == 20
    assert len(await transactions()) <= 2


async def test_a_transaction_takes_no_more_than_its_share(gathering, desk, monkeypatch):
    monkeypatch.setattr(room, "MOST_AT_ONCE", 8)
    await sent(gathering, *several(20), source=desk)
    assert max(await transactions()) == 8


async def test_everybody_gets_their_own_answer(gathering, desk):
    outcomes = await sent(gathering, *several(5), source=desk)
    assert [outcome.answer.external_id for outcome in outcomes] == [f"G{number}" for number in range(5)]


async def test_a_name_sent_twice_at_the_same_moment_is_one_lead_and_a_repeat(gathering, desk):
    said = registration()
    outcomes = await sent(gathering, said, said, source=desk)
    assert sorted(outcome.fate for outcome in outcomes) == ["created", "repeat"]
    assert outcomes[0].answer == outcomes[1].answer


async def test_one_that_cannot_be_used_is_refused_alone(gathering, desk):
    wrong = registration(interests=[{"brand": "nobody", "kind": "buy"}])
    good, bad = await sent(gathering, registration(), wrong, source=desk)
    assert (good.fate, bad.fate) == ("created", "error")


@pytest.mark.parametrize("at_commit", [False, True])
async def test_a_lead_that_breaks_its_transaction_breaks_it_for_itself_alone(gathering, desk, breaking, at_commit):
    await breaking(at_commit=at_commit)

    first, broken, last = await sent(
        gathering, registration(external_id="A"), registration(external_id="broken"), registration(external_id="Z"), source=desk
    )  # fmt: skip

    assert isinstance(broken, asyncpg.RaiseError)
    assert (first.fate, last.fate) == ("created", "created")
    assert [row["external_id"] for row in await fetch("select external_id from submission order by 1")] == ["A", "Z"]


async def test_a_sender_who_hangs_up_harms_nobody_and_loses_nothing(gathering, desk):
    impatient = asyncio.create_task(gathering.accept(incoming(registration(external_id="A")), source=desk))
    await asyncio.sleep(0)
    impatient.cancel()

    other = await gathering.accept(incoming(registration(external_id="B")), source=desk)

    assert other.fate == "created"
    assert await value("select count(*) from submission") == 2


async def test_two_sources_are_two_batches(gathering, desk):
    web = (await source("web")).id
    both = (gathering.accept(incoming(registration(external_id="A")), source=one) for one in (desk, web))
    assert [outcome.fate for outcome in await asyncio.gather(*both)] == ["created", "created"]
    assert await transactions() == [1, 1]


async def test_when_too_many_wait_the_next_is_told_to_come_again(gathering, desk, monkeypatch):
    monkeypatch.setattr(room, "MOST_WAITING", 3)
    outcomes = await sent(gathering, *several(5), source=desk)
    assert [isinstance(outcome, Busy) for outcome in outcomes] == [False, False, False, True, True]
    assert (await gathering.accept(incoming(registration()), source=desk)).fate == "created"


async def test_finishing_waits_for_whoever_waits(gathering, desk):
    waiting = [asyncio.create_task(gathering.accept(incoming(one), source=desk)) for one in several(3)]
    await asyncio.sleep(0)
    await gathering.finish()
    assert await value("select count(*) from submission") == 3
    await asyncio.gather(*waiting)
