"""What happens to invitations at once and in crashes: five brands write to one crowd, and senders die in the middle of their work."""

import random
import signal
import time

from campaigns.senders import LANES
from tests.campaigns import at_work, mailbox
from tests.whole.running import asked, size

BRANDS = ",".join(at_work.BRANDS)
SENDERS = 4
HELD_BACK = "state = 'suppressed' and reason = 'budget'"
SAYS_WHY = "(detail ->> 'used' = '2' and detail ->> 'last' = 'brand')"


def test_five_brands_at_once_never_write_to_anybody_beyond_the_budget(fresh_database, tmp_path):
    people, withdrawn = size(120, full=10_000), size(10, full=200)
    said = at_work.run(fresh_database.environment, "set-up", people, BRANDS, withdrawn)

    began = time.time()
    senders = [at_work.begin(fresh_database.environment, "work", began, 0) for _ in range(SENDERS)]
    for sender in senders:
        assert sender.wait(1800) == 0
    took = time.time() - began

    def one(query, *facts):
        return asked(fresh_database.url, query, *facts)[0][0]

    most = one(
        "select max(number) from (select count(*) as number from message where state = 'sent' group by person) as sent"
    )
    sent, lost = (one(f"select count(*) from message where state = '{state}'") for state in ("sent", "suppressed"))
    print(
        f"\n{people} people x 5 brands, {SENDERS} senders: {sent} sent, {lost} held back, most to one person {most}, {took:.0f} s"
    )
    assert most == 2
    assert sent == 2 * (people - withdrawn)
    assert sent + lost == 5 * people
    assert one(f"select count(*) from message where {HELD_BACK} and (next_at is null or not {SAYS_WHY})") == 0
    assert one("select count(*) from message where reason = 'unsubscribed'") == 5 * withdrawn
    assert one("select count(*) from message where state = 'sent' and person = any($1::uuid[])", said["withdrawn"]) == 0
    assert one("select count(*) from contact_use where sent_at is null") == 0
    assert one("select count(*) from sent_sample") == sent
    assert one("select deadlocks from pg_stat_database where datname = current_database()") == 0


def test_with_a_joint_mailing_under_way_no_brand_takes_its_place_in_anybodys_budget(fresh_database):
    people = size(80, full=2000)
    said = at_work.run(fresh_database.environment, "set-up", people, BRANDS, 0, "joint")

    began = time.time()
    senders = [at_work.begin(fresh_database.environment, "work", began, 0) for _ in range(SENDERS)]
    assert [sender.wait(1800) for sender in senders] == [0] * SENDERS

    joint = said["mailings"][-1]
    fates = asked(fresh_database.url, "select state, count(*) from message where mailing = $1 group by 1", joint)
    assert [tuple(row) for row in fates] == [("sent", people)]
    assert asked(fresh_database.url, "select count(*) from message where state = 'sent'")[0][0] == 2 * people


def test_senders_that_are_killed_lose_no_mail_and_send_few_twice(fresh_database, tmp_path):
    people, kills = size(200, full=10_000), size(3, full=50)
    at_work.run(fresh_database.environment, "set-up", people, "aito", 0)
    chance = random.Random(7)
    with mailbox.beside(tmp_path) as box:
        environment = fresh_database.environment | {
            "MARQUEE_SMTP_URL": box.url,
            "MARQUEE_SMTP_FROM": "Marquee <hello@marquee.test>",
        }
        began, killed, skipped = time.time(), 0, 0.0
        while killed < kills:
            sender = at_work.begin(environment, "work", began, skipped)
            assert sender.stdout is not None
            sender.stdout.readline()
            before = len(box.lines())
            wanted = before + chance.randint(1, max(2, people // (kills + 5)))
            while sender.poll() is None and len(box.lines()) < wanted:
                time.sleep(chance.uniform(0.001, 0.02))
            sender.send_signal(signal.SIGKILL)
            sender.wait()
            killed += 1
            skipped += 301.0  # what the dead one held is due again
        at_work.run(environment, "work", began, skipped)
        took = time.time() - began
        taken = box.lines()

    recipients, ids = {to for to, _ in taken}, {message_id for _, message_id in taken}
    doubles = len(taken) - len(ids)
    print(
        f"\n{people} mails, {killed} kills: missing {people - len(recipients)}, doubles {doubles} (limit {killed * LANES}), {took:.0f} s"
    )
    assert len(recipients) == len(ids) == people
    assert doubles <= killed * LANES
    assert asked(fresh_database.url, "select count(*) from message where state = 'sent'")[0][0] == people
