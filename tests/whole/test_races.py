"""What happens at once: many desks meet one new person, two people of a dealer take one offer."""

import csv
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from tests.whole.running import a_lead, asked, commands, offered, size

AT_ONCE = 50


def all_at_once(*doings):
    """The outcomes of these, begun at one moment in a thread each."""
    gate = threading.Barrier(len(doings))

    def do(doing):
        gate.wait()
        return doing()

    with ThreadPoolExecutor(len(doings)) as pool:
        return list(pool.map(do, doings))


def test_fifty_desks_that_meet_one_new_person_at_once_make_one_person(show):
    rounds = {
        number: [f"R{number}-{i}-{uuid4().hex[:6]}" for i in range(AT_ONCE)] for number in range(size(3, full=100))
    }
    with show.client("desk") as desk:
        for names in rounds.values():
            person = a_lead()["person"]
            posts = [
                lambda name=name, person=person: desk.post("/api/v1/leads", json=a_lead(name, person=person))
                for name in names
            ]

            answers = all_at_once(*posts)

            assert [answer.status_code for answer in answers] == [201] * AT_ONCE
            assert len({answer.json()["person_id"] for answer in answers}) == 1

    persons = _persons(show)
    assert [len({persons["desk", name] for name in names}) for names in rounds.values()] == [1] * len(rounds)
    assert asked(show.database, "select deadlocks from pg_stat_database where datname = current_database()")[0][0] == 0


def test_of_two_acceptances_at_once_one_wins_and_the_other_hears_whose_it_is(show):
    with show.client("desk") as desk, show.client("D1") as first, show.client("D2") as second:
        for _ in range(size(5, full=50)):
            _, dealer, offer = offered(desk, a_lead(), first, second)
            door = f"/api/v1/inbox/offers/{offer['id']}/acceptance"

            answers = all_at_once(*[lambda door=door, dealer=dealer: dealer.post(door)] * 2)

            taken, told = sorted(answers, key=lambda answer: answer.status_code)
            assert (taken.status_code, told.status_code) == (200, 409)
            assert f"already accepted, by store {offer['store']}" in told.json()["detail"]


def test_an_acceptance_sent_twice_at_once_under_one_name_has_one_answer(show):
    with show.client("desk") as desk, show.client("D1") as first, show.client("D2") as second:
        for _ in range(size(5, full=50)):
            _, dealer, offer = offered(desk, a_lead(), first, second)
            door, once = f"/api/v1/inbox/offers/{offer['id']}/acceptance", {"Idempotency-Key": uuid4().hex}

            answers = all_at_once(*[lambda d=door, o=once, c=dealer: c.post(d, headers=o)] * 3)

            assert [answer.status_code for answer in answers] == [200] * 3
            assert len({answer.text for answer in answers}) == 1
            assert sum("idempotent-replayed" in answer.headers for answer in answers) == 2


def _persons(show):
    persons = defaultdict(str)
    for row in csv.DictReader(commands(show.environment, ["people", "members"])):
        persons[row["source"], row["external_id"]] = row["person_id"]
    return persons
