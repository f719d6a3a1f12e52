"""Mails that come back later, as mail servers report them."""

from uuid import UUID

import pytest

from campaigns.invitations import outcomes
from campaigns.senders import bounces
from crm.database import transaction
from tests.campaigns import mailing as m
from tests.cast import NOON, value

REPORT = """From: MAILER-DAEMON@mx.example.com
To: hello@marquee.test
Subject: Undelivered Mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

Sorry.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; p@example.com
Action: {action}
Status: {status}

--B
Content-Type: {kind}

{original}
--B--
"""
MESSAGE = UUID("01990000-0000-7000-8000-000000000001")
HEADERS = f"Message-ID: <{MESSAGE}@marquee.test>\nSubject: hello\n"


def report(action="failed", status="5.1.1", kind="text/rfc822-headers", original=HEADERS):
    return REPORT.format(action=action, status=status, kind=kind, original=original).encode()


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (report(), [MESSAGE]),
        (report(kind="message/rfc822", original=f"{HEADERS}\nDear Ann"), [MESSAGE]),
        (report(action="delayed", status="4.4.1"), []),
        (report(original="Message-ID: <another@elsewhere>"), []),
        (b"hello", []),
        (b"", []),
    ],
)
def test_a_report_names_the_message_that_came_back_for_good(told, found):
    assert bounces.read(told) == found


async def test_an_address_that_a_report_tells_of_gets_nothing_more():
    await m.people(1)
    campaign = await m.a_campaign()
    mailing = await m.a_mailing(campaign)
    await m.send()
    message = await value("select id from message")

    async with transaction():
        await outcomes.deliver(message, "bounced", at=NOON)
    again = await m.a_mailing(campaign, turn=2)
    await m.send()

    assert await m.fates(mailing) == {("bounced", "report"): 1}
    assert await m.fates(again) == {("suppressed", "bounced"): 1}
