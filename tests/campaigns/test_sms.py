"""SMS by a signed gateway: what it is told, what it answers, and what it tells us later."""

from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from campaigns.invitations import reaching, unsubscribing
from campaigns.senders import signing, sms
from campaigns.senders.letters import Letter
from crm.identity.observations import Particulars
from crm.ids import uuid7
from tests.campaigns import mailing as m
from tests.campaigns.gateways import set_up
from tests.cast import NOON, browser, fetch, value

SECRET = "a shared secret"


@pytest.fixture(autouse=True)
def gateway():
    with set_up(MARQUEE_SMS_URL="http://gateway.test/send", MARQUEE_SMS_SECRET=SECRET):
        yield


def an_sms():
    return Letter(
        message=uuid7(NOON), channel="sms", to="+8613800000000", language="zh-Hans", text="你好", template="T1"
    )


async def sent_by(answer):
    heard = []

    def take(request):
        heard.append(request)
        return answer

    async with httpx.AsyncClient(transport=httpx.MockTransport(take)) as client:
        return await sms.send(client, an_sms()), heard[0]


async def test_the_gateway_can_check_who_sent_and_that_it_is_the_same_message():
    outcome, request = await sent_by(httpx.Response(200, json={"id": "G1"}))

    assert (outcome.fate, outcome.gateway_id) == ("sent", "G1")
    assert signing.is_ours(SECRET, request.content, request.headers, at=datetime.now(UTC))
    assert request.headers["idempotency-key"] == msgspec.json.decode(request.content)["id"]


@pytest.mark.parametrize(
    ("status", "fate"),
    [(409, "sent"), (400, "failed"), (403, "failed"), (429, "again"), (500, "again"), (503, "again")],
)
async def test_each_answer_of_the_gateway_means_something_else(status, fate):
    outcome, _ = await sent_by(httpx.Response(status))

    assert outcome.fate == fate


async def call(path, said, *, secret=SECRET, at=None, **headers):
    body = msgspec.json.encode(said)
    signed = signing.headers(secret, body, at=at or datetime.now(UTC))
    return await browser(accept="application/json").post(f"/hooks/sms/{path}", content=body, headers=signed | headers)


async def sent_sms():
    """An SMS that the gateway took, and its person."""
    [person] = await m.people(1)
    with set_up(MARQUEE_SMS_URL=""):
        await m.a_mailing(await m.a_campaign(), channel="sms")
        await m.send()
    return person, str(await value("select id from message where state = 'sent'"))


async def test_a_report_says_that_a_message_arrived():
    _, message = await sent_sms()

    answer = await call("reports", {"id": message, "state": "delivered"})

    assert answer.status_code == 200
    assert await value("select state from message") == "delivered"


async def test_a_call_that_comes_again_changes_nothing():
    _, message = await sent_sms()
    at = datetime.now(UTC)
    await call("reports", {"id": message, "state": "delivered"}, at=at)
    await fetch("update message set state = 'sent' returning id")

    again = await call("reports", {"id": message, "state": "delivered"}, at=at)

    assert again.status_code == 200
    assert await value("select state from message") == "sent"


@pytest.mark.parametrize(
    "wrong",
    [{"secret": "guessed"}, {"at": datetime.now(UTC) - timedelta(minutes=6)}, {"x-marquee-signature": "0" * 64}],
)
async def test_a_call_that_nobody_signed_now_is_not_believed(wrong):
    _, message = await sent_sms()

    answer = await call("reports", {"id": message, "state": "failed"}, **wrong)

    assert answer.status_code == 401
    assert await value("select state from message") == "sent"


@pytest.mark.parametrize("text", ["R", "r", " 退订 ", "STOP", "拒收"])
async def test_who_answers_stop_gets_no_more_sms_and_withdrew(text):
    person, _ = await sent_sms()
    phone = await phone_of(person)
    with set_up(MARQUEE_SMS_URL=""):
        again = await m.a_mailing(await m.a_campaign("autumn"), by="aito", channel="sms")
        await m.start(again)

    answer = await call("answers", {"from": phone, "text": text})

    assert answer.status_code == 200
    assert await m.fates(again) == {("suppressed", "unsubscribed"): 1}
    assert (
        await value(
            "select count(*) from consent where person = $1 and channel = 'sms' and state = 'withdrawn'", person
        )
        == 5
    )
    assert await value("select reason from contact_stop") == "stopped"


async def test_an_answer_from_what_is_no_number_is_heard_and_stops_nothing():
    assert (await call("answers", {"from": "nobody", "text": "R"})).status_code == 200
    assert await value("select count(*) from contact_stop") == 0


async def test_no_sms_goes_to_a_landline():
    assert [
        reaching.address_of(Particulars(phone=phone), "sms")
        for phone in ("+8613800000000", "+862087654321", "+4915112345678")
    ] == [
        "+8613800000000",
        None,
        "+4915112345678",
    ]


async def test_who_answers_something_else_stopped_nothing():
    person, _ = await sent_sms()

    answer = await call("answers", {"from": await phone_of(person), "text": "R you sure?"})

    assert answer.status_code == 200
    assert await value("select count(*) from contact_stop") == 0


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b"[" * 5000])
async def test_a_signed_body_that_says_nothing_is_refused(body):
    signed = signing.headers(SECRET, body, at=datetime.now(UTC))

    answer = await browser(accept="application/json").post("/hooks/sms/answers", content=body, headers=signed)

    assert answer.status_code == 422


def test_only_a_whole_answer_means_stop():
    assert [unsubscribing.means_stop(text) for text in ("R", "退订。", "please stop", "")] == [True, True, False, False]


async def phone_of(person):
    from crm.database import transaction

    async with transaction():
        [found] = (await reaching.reach([person], channel="sms", brands=[1])).values()
    assert found.recipient
    return found.recipient.address
