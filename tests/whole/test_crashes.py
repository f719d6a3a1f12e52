"""Nothing that was acknowledged is lost and nothing gets stuck, whatever is killed and whenever."""

import contextlib
import os
import signal
import threading
import time
from collections import Counter

import httpx

from tests.whole.running import (
    PATIENCE,
    a_lead,
    asked,
    eventually,
    is_running,
    lines,
    open_show,
    serving,
    size,
)

SENDERS = 4
UNDER_WAY = "select count(*) from interest where hold is null and stage in ('identified', 'cleared')"
FAILURES = ("request_failed", "row_failed", "job_failed", "Traceback")


class Load:
    """Sources that send and a dealer that accepts for as long as it lasts, and what they were told; they try again like any client."""

    def __init__(self, keys):
        self.keys = keys
        self.over = threading.Event()
        self.acknowledged, self.accepted = {}, set()

    @contextlib.contextmanager
    def on(self, house):
        self.house = house
        self.over.clear()
        doing = [threading.Thread(target=self._send) for _ in range(SENDERS)] + [threading.Thread(target=self._accept)]
        for one in doing:
            one.start()
        try:
            yield
        finally:
            self.over.set()
            for one in doing:
                one.join()

    def _send(self):
        with self.house.client(self.keys["desk"]) as desk:
            while not self.over.is_set():
                body = a_lead()
                answer = self._insist(lambda body=body: desk.post("/api/v1/leads", json=body))
                if answer is not None:
                    assert answer.status_code in {200, 201}, answer.text
                    self.acknowledged[body["external_id"]] = (answer.json()["id"], body)

    def _accept(self):
        after = 0
        with self.house.client(self.keys["D1"]) as dealer:
            while not self.over.wait(0.1):
                with contextlib.suppress(httpx.TransportError):
                    page = dealer.get("/api/v1/inbox", params={"after": after}).json()
                    for offer in (line["offer"]["id"] for line in page["items"] if line["offer"]["state"] == "offered"):
                        if dealer.post(f"/api/v1/inbox/offers/{offer}/acceptance").status_code == 200:
                            self.accepted.add(offer)
                    after = page["next"]

    def _insist(self, send):
        while not self.over.is_set():
            with contextlib.suppress(httpx.TransportError):
                if (answer := send()).status_code != 503:
                    return answer
            time.sleep(0.05)
        return None


def test_what_was_acknowledged_survives_whatever_is_killed_and_nothing_is_stuck(fresh_database, tmp_path):
    environment, log = fresh_database.environment, tmp_path / "log"
    load = Load(open_show(environment, tmp_path))
    for _ in range(size(1, full=8)):
        with serving(environment, log=log) as house, load.on(house):
            _let_some_in(load)
            _kill_the_worker(house)
            _let_some_in(load)
            family = house.kill()
            took = eventually(lambda: not any(map(is_running, family)), within=2)  # noqa: B023
            print(f"the family of {len(family)} was gone after {took:.2f} s")

    waiting = asked(fresh_database.url, UNDER_WAY)[0][0]
    # The tests' server has nobody who looks after its statistics.
    asked(fresh_database.url, "analyze")
    with serving(environment, log=log) as house:
        took = eventually(lambda: asked(fresh_database.url, UNDER_WAY)[0][0] == 0, within=size(10, full=30))
        with house.client(load.keys["desk"]) as desk, house.client(load.keys["D1"]) as dealer:
            _each_once(load, desk, fresh_database.url)
            feed = lines(dealer)
            assert load.accepted <= {line["offer"]["id"] for line in feed if line["offer"]["state"] == "accepted"}
            assert [line["seq"] for line in feed] == list(range(1, len(feed) + 1))
    print(
        f"{len(load.acknowledged)} acknowledged, {len(load.accepted)} accepted; the {waiting} under way were done after {took:.1f} s"
    )
    assert not [word for word in FAILURES if word in log.read_text()]


def _kill_the_worker(house):
    killed = house.worker()
    os.kill(killed, signal.SIGKILL)
    took = eventually(lambda: house.worker() not in {None, killed}, within=20)
    print(f"another worker followed after {took:.2f} s")


def _let_some_in(load, *, more=40):
    # Some are accepted too: then all the processes are at work.
    sent, taken = len(load.acknowledged) + more, len(load.accepted) + more // 10
    eventually(lambda: len(load.acknowledged) >= sent and len(load.accepted) >= taken, within=PATIENCE)


def _each_once(load, desk, url):
    known = [(name, lead, body) for name, (lead, body) in load.acknowledged.items()]
    for part in (known[at : at + 500] for at in range(0, len(known), 500)):
        results = desk.post("/api/v1/leads/batch", json=[body for *_, body in part]).json()["results"]
        assert [(one["status"], one["id"]) for one in results] == [(200, lead) for _, lead, _ in part]
    for name, lead, _ in known[:200]:
        assert desk.get(f"/api/v1/leads/{lead}").json()["external_id"] == name
    whole = asked(
        url,
        """
        select submission.external_id from submission join lead on lead.id = submission.lead
        join link on link.observation = lead.observation and link.closed_at is null join person on person.id = link.person
        join interest on interest.lead = lead.id
        """,
    )
    found = Counter(row[0] for row in whole)
    assert not [name for name, *_ in known if found[name] != 1]
