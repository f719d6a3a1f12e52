"""Five hundred hands for twenty places, over HTTP at four processes, one of which is killed in the middle: nothing is given twice or skipped."""

import asyncio
import functools
import json
import os
import signal
import time

import httpx
import pytest

from tests.whole import running
from tests.whole.running import a_phone, asked, commands, eventually, order, size

PLACES = 20
CANCELLED = 5
YOUNG = 5  # seconds; a server whose processes die younger than that gives up
STATES = "select external_id, state, position from booking where slot = $1 order by position nulls first, id"

# Whoever cancelled before they were told of their place is told of that alone.
CONFIRMED = """
select count(distinct booking.id) from guest_message join booking on booking.id = booking
where slot = $1 and guest_message.kind in ('confirmed', 'cancelled')
"""
HELD = """
select event.taken, count(*) filter (where state = 'confirmed'),
       count(*) filter (where joins is null and registration.person in (
           select person from registration group by person having count(*) > 1)),
       count(distinct registration.person) filter (where registration.person in (
           select person from registration group by person having count(*) > 1))
from event join registration on registration.event = event.id where event.code = $1 group by event.taken
"""


@pytest.fixture(scope="module")
def tent(lasting_database, tmp_path_factory):
    """A house of four processes with an open event in it, and a source's key."""
    environment, folder = lasting_database.environment, tmp_path_factory.mktemp("tent")
    with running.serving(environment, log=folder / "log", workers=4) as house:
        told = commands(
            environment,
            ["events", "add", "--code", "rush", "--name", "Rush", "--starts", "2037-05-01", "--ends", "2037-05-03"],
            ["events", "open", "rush"],
            ["keys", "create", "--source", "web", "--json"],
        )
        yield house, lasting_database, json.loads(told[-1])["key"]


def a_slot(environment, places=PLACES):
    order = [
        "events",
        "add-slot",
        "rush",
        "--starts",
        "2037-05-01T10:00",
        "--minutes",
        "40",
        "--places",
        places,
        "--json",
    ]
    return json.loads(commands(environment, order)[-1])["id"]


async def insist(client, path, body):
    """Post until there is an answer, as any client does: what was under way when a process died is asked again."""
    until = time.monotonic() + 5 * running.PATIENCE
    while time.monotonic() < until:
        try:
            answer = await client.post(path, json=body)
        except httpx.TransportError:
            await asyncio.sleep(0.1)
        else:
            if answer.status_code != 503:
                return answer
            await asyncio.sleep(0.2)
    raise AssertionError("no answer came")


async def rush(house, key, paths_and_bodies, *, meanwhile=None):
    limits = httpx.Limits(max_connections=len(paths_and_bodies))
    async with httpx.AsyncClient(
        base_url=house.url, headers={"authorization": f"Bearer {key}"}, timeout=10, limits=limits, trust_env=False
    ) as client:
        posts = [insist(client, path, body) for path, body in paths_and_bodies]
        return (await asyncio.gather(*posts, *([asyncio.to_thread(meanwhile)] if meanwhile else [])))[: len(posts)]


def answering(house):
    """The processes that answer requests: below the server, and not the one that works."""
    return [
        pid
        for pid in house.family()[1:]
        if order(pid)[-1:] != ["worker"] and "resource_tracker" not in " ".join(order(pid))
    ]


def kill_one(house, database, slot):
    """The oldest process dies once a part of the bookings is in, whatever it has in hand."""
    eventually(lambda: len(asked(database, STATES, slot)) > PLACES, within=running.PATIENCE)
    os.kill(answering(house)[0], signal.SIGKILL)


def test_twenty_places_are_given_once_and_the_rest_wait_in_line_while_a_process_is_killed(tent):
    house, database, key = tent
    hands = size(50, full=500)
    for round_ in range(size(1, full=50)):
        time.sleep(YOUNG)
        slot = a_slot(database.environment)
        path = f"/api/v1/events/rush/slots/{slot}/bookings"
        bodies = [{"external_id": f"{slot}-{n}", "person": {"phone": a_phone()}} for n in range(hands)]
        began = time.monotonic()

        end = functools.partial(kill_one, house, database.url, slot)
        answers = asyncio.run(rush(house, key, [(path, body) for body in bodies], meanwhile=end))

        took = time.monotonic() - began
        rows = asked(database.url, STATES, slot)
        assert {answer.status_code for answer in answers} <= {200, 201, 202}
        assert [row["state"] for row in rows] == ["confirmed"] * PLACES + ["waiting"] * (hands - PLACES)
        assert [row["position"] for row in rows[PLACES:]] == list(range(1, hands - PLACES + 1))
        told = sorted(answer.json()["position"] for answer in answers if answer.json()["state"] == "waiting")
        assert told == list(range(1, hands - PLACES + 1))
        assert tuple(asked(database.url, "select taken, waited from slot where id = $1", slot)[0]) == (
            PLACES,
            hands - PLACES,
        )

        gone = [row["external_id"] for row in rows[:CANCELLED]]
        again = asyncio.run(rush(house, key, [(f"{path}/{name}/cancellation", {}) for name in gone for _ in range(2)]))

        assert {answer.json()["state"] for answer in again} == {"cancelled"}
        after = {row["external_id"]: row["state"] for row in asked(database.url, STATES, slot)}
        first, rest = rows[PLACES : PLACES + CANCELLED], rows[PLACES + CANCELLED :]
        assert {after[row["external_id"]] for row in first} == {"confirmed"}
        assert {after[row["external_id"]] for row in rest} == {"waiting"}
        assert asked(database.url, CONFIRMED, slot)[0][0] == PLACES + CANCELLED
        assert asked(database.url, "select taken from slot where id = $1", slot)[0][0] == PLACES
        print(f"round {round_ + 1}: {hands} bookings at once in {took:.1f} s, {CANCELLED} moved up")
    assert asked(database.url, "select deadlocks from pg_stat_database where datname = current_database()")[0][0] == 0
    assert "request_failed" not in house.log.read_text()


def test_an_event_is_never_overbooked_and_one_person_is_one_guest_from_however_many_sides(tent):
    house, database, key = tent
    hands, code = size(60, full=500), "tight"
    commands(
        database.environment,
        ["events", "add", "--code", code, "--name", "T", "--starts", "2037-05-01", "--capacity", str(PLACES)],
        ["events", "open", code],
    )
    same = {"phone": a_phone()}
    people = [{"phone": a_phone()} for _ in range(hands)]
    bodies = [{"external_id": f"{code}-{n}", "person": one} for n, one in enumerate([same] * 20 + people)]

    answers = asyncio.run(rush(house, key, [(f"/api/v1/events/{code}/registrations", body) for body in bodies]))

    assert {answer.status_code for answer in answers} <= {200, 201, 202}
    [row] = asked(database.url, HELD, code)
    assert tuple(row) == (PLACES, PLACES, 1, 1)
    positions = asked(database.url, "select position from registration join event on event.id = event where event.code = $1 "
                      "and state = 'waiting' order by position", code)  # fmt: skip
    assert [row["position"] for row in positions] == list(range(1, len(positions) + 1))


def test_the_killed_processes_were_replaced(tent):
    house, _, _ = tent

    eventually(lambda: len(answering(house)) >= 4, within=running.PATIENCE)
