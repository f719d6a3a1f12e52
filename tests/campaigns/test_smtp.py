"""Mail to a real SMTP server on loopback: lines used again, and errors told apart by what they mean."""

import asyncio
from email import message_from_bytes
from email.policy import default

import pytest

from campaigns.invitations import sending
from campaigns.senders import LANES, smtp
from tests.campaigns import mailbox
from tests.campaigns import mailing as m
from tests.campaigns.gateways import set_up
from tests.campaigns.test_letters import letter
from tests.cast import NOON, fetch, value

FROM = "Marquee <hello@marquee.test>"


@pytest.fixture
def postbox(tmp_path):
    with mailbox.within(tmp_path) as (url, taking), set_up(MARQUEE_SMTP_URL=url, MARQUEE_SMTP_FROM=FROM):
        yield taking


async def test_a_mailing_arrives_in_real_mailboxes(postbox):
    await m.people(10)
    mailing = await m.a_mailing(await m.a_campaign())

    await m.send()

    assert await m.fates(mailing) == {("sent", None): 10}
    mails = [message_from_bytes(one, policy=default) for one in postbox.mails]
    assert len({mail["To"] for mail in mails}) == len({mail["Message-ID"] for mail in mails}) == 10
    assert {mail["List-Unsubscribe-Post"] for mail in mails} == {"List-Unsubscribe=One-Click"}
    assert await value("select count(*) from sent_sample") == 0


@pytest.mark.parametrize(
    ("to", "subject", "fate", "why"),
    [
        ("nobody@example.com", "hello", "bounced", "smtp_550"),
        ("later@example.com", "hello", "again", "smtp_451"),
        ("a@example.com", "REFUSE ME", "failed", "smtp_554"),
        ("a@example.com", "hello", "sent", None),
        ("no address", "hello", "failed", "not_an_address"),
        ("王@example.com", "hello", "failed", "not_an_address"),
    ],
)
async def test_each_answer_of_the_server_means_something_else(postbox, to, subject, fate, why):
    from campaigns.invitations.writing import Recipient

    async with smtp.line() as line:
        outcome = await line.send(letter("en", to=Recipient(to), subject=subject))
        again = await line.send(letter("en", to=Recipient("b@example.com")))

    assert (outcome.fate, outcome.why, again.fate) == (fate, why, "sent")


async def test_a_server_that_is_not_there_loses_nothing(tmp_path):
    await m.people(2)
    mailing = await m.a_mailing(await m.a_campaign())

    with set_up(MARQUEE_SMTP_URL="smtp://127.0.0.1:9", MARQUEE_SMTP_FROM=FROM):
        await m.send()
    assert await m.fates(mailing) == {("queued", None): 2}
    assert {row["attempts"] for row in await fetch("select attempts from message")} == {1}

    await m.send(NOON.replace(hour=5))
    assert await m.fates(mailing) == {("sent", None): 2}


async def test_a_server_that_is_away_is_not_knocked_at_by_every_letter():
    await m.people(20)
    mailing = await m.a_mailing(await m.a_campaign())
    knocks = []

    async def hangs_up(_reader, writer):
        knocks.append(1)
        writer.close()

    server = await asyncio.start_server(hangs_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with set_up(MARQUEE_SMTP_URL=f"smtp://127.0.0.1:{port}", MARQUEE_SMTP_FROM=FROM):
            await sending.advance(NOON)  # it starts
            await sending.advance(NOON)

    assert 0 < len(knocks) <= LANES
    assert await m.fates(mailing) == {("queued", None): 20}
    assert {row["attempts"] for row in await fetch("select attempts from message")} == {1}


async def test_nothing_more_is_sent_to_an_address_that_bounced_for_good(postbox):
    await m.people(1, email="nobody@example.com")
    campaign = await m.a_campaign()
    first = await m.a_mailing(campaign)
    await m.send()

    second = await m.a_mailing(campaign, turn=2)
    await m.send()

    assert await m.fates(first) == {("bounced", "smtp_550"): 1}
    assert await m.fates(second) == {("suppressed", "bounced"): 1}
    assert await value("select count(*) from contact_use") == 0
