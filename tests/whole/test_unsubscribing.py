"""Somebody leaves while a mailing is going out, at a running house with real mail: nothing more reaches them."""

import time
from uuid import UUID

import httpx

from campaigns.invitations import tokens
from tests.campaigns import at_work, mailbox
from tests.whole import running
from tests.whole.running import asked, size


def test_who_unsubscribes_gets_nothing_that_was_queued_for_them_within_a_second(fresh_database, tmp_path):
    people = size(100, full=3000)
    at_work.run(fresh_database.environment, "set-up", people, "aito,luxeed", 0)
    # Any hour will do, and the alliance may write as often as it likes: what stops these is the person alone.
    asked(
        fresh_database.url, "update contact_rule set opens = '00:00', closes = '23:59:59.999', budget = 50 returning id"
    )
    with mailbox.beside(tmp_path, pause=0.02) as box:
        environment = fresh_database.environment | {
            "MARQUEE_SMTP_URL": box.url,
            "MARQUEE_SMTP_FROM": "hello@marquee.test",
        }
        with running.serving(environment, log=tmp_path / "house.log") as house:
            running.eventually(lambda: len(box.lines()) > 10, within=running.PATIENCE)
            [leaving] = asked(fresh_database.url, _STILL_WAITING)
            token = tokens.made("unsubscribe", UUID(str(leaving["id"])))

            answer = httpx.post(
                f"{house.url}/u/{token}", content="List-Unsubscribe=One-Click", trust_env=False,
                headers={"content-type": "application/x-www-form-urlencoded"},
            )  # fmt: skip
            at = time.monotonic()
            stopped = running.eventually(lambda: _is_stopped(fresh_database.url, leaving["person"]), within=5)
            took = time.monotonic() - at
            before = _mails_of(box, fresh_database.url, leaving["person"])
            running.eventually(lambda: _nothing_waits(fresh_database.url), within=300)

    print(f"\n{people} people x 2 brands under way: unsubscribed, nothing of theirs waits after {took:.3f} s")
    assert answer.status_code == 200
    assert stopped < 1.0
    assert before == _mails_of(box, fresh_database.url, leaving["person"])


def _is_stopped(url, person):
    waiting = "select count(*) from message where person = $1 and (state = 'queued' or (state = 'sending' and reason is null))"
    return asked(url, waiting, person)[0][0] == 0


def _mails_of(box, url, person):
    ids = {str(row["id"]) for row in asked(url, "select id from message where person = $1", person)}
    return sum(message_id[1:].partition("@")[0] in ids for _, message_id in box.lines())


def _nothing_waits(url):
    return asked(url, "select count(*) from message where state in ('queued', 'sending')")[0][0] == 0


# Somebody for whom two brands' messages still wait; the link of any of them is for all brands then.
_STILL_WAITING = """
select min(id::text)::uuid as id, person from message where state = 'queued' group by person having count(*) = 2
order by person desc limit 1
"""
