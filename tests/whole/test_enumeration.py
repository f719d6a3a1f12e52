"""Whoever registers somebody else's number learns nothing: neither the answer nor its time tells whether the person is known or registered."""

import re
import statistics
import time

import pytest

from tests.cast import on_page
from tests.whole import running
from tests.whole.running import a_phone, commands, size

EACH = size(12, full=200)
READ_SECONDS = 2.1  # a person takes longer to fill in a form


@pytest.fixture(scope="module")
def tent(show):
    commands(
        show.environment,
        ["events", "add", "--code", "quiet", "--name", "Quiet", "--starts", "2037-05-01", "--ends", "2037-05-03"],
        ["events", "open", "quiet"],
    )
    return show


def a_form(client):
    return on_page(r'name="form" value="([^"]+)"', client.get("/e/quiet").text)


def register(client, phone, form):
    began = time.perf_counter()
    answer = client.post("/e/quiet", data={"form": form, "phone": phone, "car": "M9"})
    return answer, 1000 * (time.perf_counter() - began)


def spread(times):
    return statistics.median(times), statistics.quantiles(times, n=20)[18]


def test_neither_the_answer_nor_its_time_tells_who_is_known(tent):
    known = [a_phone() for _ in range(EACH)]
    with tent.client() as client:
        client.headers["sec-fetch-site"] = "same-origin"
        forms = [a_form(client) for _ in range(3 * EACH)]
        time.sleep(READ_SECONDS)
        for phone in known:
            register(client, phone, forms.pop())
        # In turn, so that a busy moment of the machine meets both alike.
        both = [(register(client, phone, forms.pop()), register(client, a_phone(), forms.pop())) for phone in known]
        pages = [client.get(answer.headers["location"]).text for (answer, _), _ in both[:1]] + [
            client.get(answer.headers["location"]).text for _, (answer, _) in both[:1]
        ]

    met, new = [[one[0] for one in group] for group in zip(*both, strict=True)]
    times = [spread([one[1] for one in group]) for group in zip(*both, strict=True)]
    print("known: median {:.0f} ms, p95 {:.0f} ms; new: median {:.0f} ms, p95 {:.0f} ms".format(*times[0], *times[1]))
    assert {answer.status_code for answer in (*met, *new)} == {303}
    assert {tuple(sorted(answer.headers)) for answer in (*met, *new)} == {tuple(sorted(met[0].headers))}
    plain = [re.sub(r"/g/[\w-]{43}|\b[0-9A-Z]{10}\b|<path[^>]*>|\d{3}\*{4}\d{4}", "", page) for page in pages]
    assert plain[0] == plain[1]
    assert abs(times[0][0] - times[1][0]) < 0.1 * times[1][0]
    assert running.asked(tent.database, "select count(*) from registration where joins is not null")[0][0] >= EACH
