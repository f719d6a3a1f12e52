"""Limits tell the truth when several processes answer, and a key opens from its networks and until its end alone."""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.whole.running import a_lead, asked, commands, serving, size

ME, LEADS = "/api/v1/me", "/api/v1/leads"
HOUR = 3600


@pytest.fixture(scope="module")
def other_house(show, tmp_path_factory):
    """A second server on the same database: what one of them counts in its own memory, the other does not know."""
    with serving(show.environment, log=tmp_path_factory.mktemp("other") / "log") as house:
        yield house


def a_key(show, source, *terms):
    [line] = commands(show.environment, ["keys", "create", "--source", source, "--json", *terms])
    return json.loads(line)["key"]


def within_an_hour():
    """Windows of an hour begin with the hours: what follows shall not meet the end of one."""
    left = HOUR - time.time() % HOUR
    time.sleep(left + 0.1 if left < 60 else 0)


def test_of_twice_as_many_requests_at_two_servers_exactly_as_many_pass_as_the_limit_says(show, other_house):
    most = size(60, full=600)
    key = a_key(show, "counted", "--limit", f"{most}/{HOUR}")
    within_an_hour()

    with show.house.client(key) as here, other_house.client(key) as there, ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda number: (here, there)[number % 2].get(ME), range(2 * most)))

    assert Counter(answer.status_code for answer in answers) == {200: most, 429: most}
    told = [answer.headers["ratelimit"].partition(";t=") for answer in answers if answer.status_code == 200]
    assert sorted(left for left, _, _ in told) == sorted(f'"key";r={left}' for left in range(most))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {f'"key";q={most};w={HOUR}'}
    assert all(answer.headers["content-type"] == "application/problem+json" for answer in refused)
    assert all(0 < int(answer.headers["retry-after"]) <= HOUR for answer in refused)


def test_what_was_refused_for_its_number_was_not_done_and_comes_in_later(show):
    key = a_key(show, "late", "--limit", f"1/{HOUR}")
    within_an_hour()
    first, second = a_lead(), a_lead()
    with show.house.client(key) as client:
        assert [client.post(LEADS, json=lead).status_code for lead in (first, second)] == [201, 429]
        assert not asked(show.database, "select from submission where external_id = $1", second["external_id"])

        asked(
            show.database,
            "update api_key set limit_requests = 2 where principal = (select id from source where code = 'late')",
        )
        assert client.post(LEADS, json=second).status_code == 201


def test_a_batch_is_one_request(show):
    key = a_key(show, "batching", "--limit", f"1/{HOUR}")
    within_an_hour()
    with show.house.client(key) as client:
        answers = [client.post(f"{LEADS}/batch", json=[a_lead() for _ in range(20)]) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert {one["status"] for one in answers[0].json()["results"]} == {201}


def test_a_revoked_an_expired_and_an_unknown_key_are_answered_alike(show):
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    revoked, expired = a_key(show, "over"), a_key(show, "over", "--until", until)
    with (
        show.house.client(revoked) as one,
        show.house.client(expired) as two,
        show.house.client("mq_source_x") as nobody,
    ):
        assert [client.get(ME).status_code for client in (one, two)] == [200, 200]
        ending = (
            "update api_key set revoked_at = now() where prefix = $1",
            "update api_key set expires_at = now() where prefix = $1",
        )
        for key, end in zip((revoked, expired), ending, strict=True):
            asked(show.database, end, key[: len("mq_source_") + 4])

        answers = [client.get(ME) for client in (one, two, nobody)]

    assert [answer.status_code for answer in answers] == [401] * 3
    assert len({answer.content for answer in answers}) == 1
    assert not any("ratelimit" in answer.headers for answer in answers)


def test_a_key_opens_from_its_networks_alone(show):
    near = a_key(show, "near", "--from", "127.0.0.0/8")
    far = a_key(show, "far", "--from", "203.0.113.0/24", "--from", "2001:db8::/32")
    with show.house.client(near) as one, show.house.client(far) as other:
        # Whatever a caller says of itself counts only behind a proxy of ours.
        said = {"x-forwarded-for": "203.0.113.9"}
        answers = [one.get(ME), other.get(ME), other.get(ME, headers=said)]

    assert [answer.status_code for answer in answers] == [200, 403, 403]
    assert "may not be used from your address" in answers[1].json()["detail"]
    assert "127.0.0.1" not in answers[1].text
