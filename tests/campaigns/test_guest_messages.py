"""What guests are told about their registrations: once, in their language, by mail or SMS, whatever the hour and the budget."""

import msgspec
import pytest

from campaigns import guest_messages, guest_words
from campaigns.invitations.writing import LANGUAGES, unknown_places
from campaigns.senders import sink
from crm import vault
from crm.database import transaction
from crm.ids import uuid7
from tests.campaigns import mailing as m
from tests.cast import NOON, fetch, value

NIGHT = NOON.replace(hour=17)  # one o'clock in Chengdu


async def a_guest_is_to_be_told(kind="confirmed", *, language="zh-Hans", **guest):
    """A registration with a message that is due."""
    [person] = await m.people(1)
    await m.a_campaign()
    registration = uuid7(NOON)
    sealed = vault.seal(
        msgspec.json.encode({"person": guest, "remark": None}).decode(), place=f"registration|sealed|{registration}"
    )
    async with transaction() as connection:
        await connection.execute(
            "insert into event (campaign, code, name, venue, starts_at) select id, 'E1', '品鉴会', '世纪城', $1 from campaign",
            NOON.replace(day=30),
        )
        await connection.execute(
            "insert into registration (id, event, campaign, observation, person, source, external_id, body_hash, language, sealed, "
            "state, registered_at) "
            "select $1, event.id, event.campaign, link.observation, $2, observation.source, 'R1', 'x', $3, $4, 'confirmed', $5 "
            "from event, link join observation on observation.id = link.observation where link.person = $2",
            registration,
            person,
            language,
            sealed,
            NOON,
        )
        await connection.execute(
            "insert into guest_message (id, registration, kind, due_at) values ($1, $2, $3, $4)",
            uuid7(NOON),
            registration,
            kind,
            NOON,
        )
    return person


async def tell(at=NOON):
    while await guest_messages.advance(at):
        pass
    await m.send(at)


async def test_a_guest_with_an_address_gets_one_mail_even_at_night_and_it_counts():
    person = await a_guest_is_to_be_told(name="王先生", email="wang@example.com", phone="+8613800000000")

    await tell(NIGHT)
    await tell(NIGHT)

    async with transaction():
        [sample] = await sink.newest()
    assert (sample.kind, sample.letter.channel, sample.letter.to) == ("transactional", "email", "wang@example.com")
    assert sample.letter.subject == "报名成功：品鉴会"
    assert "时间：8月30日 12:00" in sample.letter.text
    assert sample.letter.unsubscribe is None
    assert await value("select count(*) from contact_use where person = $1 and kind = 'transactional'", person) == 1
    assert await value("select told_at from guest_message") == NIGHT


async def test_a_guest_with_a_phone_alone_gets_an_sms_in_their_language():
    await a_guest_is_to_be_told("reminder", language="en", name="Ann", phone="+8613800000000")

    await tell()

    async with transaction():
        [sample] = await sink.newest()
    assert (sample.letter.channel, sample.letter.text) == (
        "sms",
        "[Auto alliance] Soon: 品鉴会, 30 August 12:00, 世纪城.",
    )


async def test_the_budget_never_holds_a_guests_message_back_but_counts_it():
    person = await a_guest_is_to_be_told(name="王先生", email="wang@example.com")
    async with transaction() as connection:
        for _ in range(2):
            await connection.execute(
                "insert into contact_use (id, person, kind, channel, message, reserved_at, sent_at) values ($1, $2, 'brand', 'email', $1, $3, $3)",
                uuid7(NOON),
                person,
                NOON,
            )

    await tell()

    assert await value("select state from message") == "sent"
    assert await value("select count(*) from contact_use where person = $1", person) == 3


async def test_a_registration_that_cannot_be_read_keeps_nobody_else_waiting():
    await a_guest_is_to_be_told(name="王先生", email="wang@example.com")
    await fetch("update registration set sealed = 'broken' returning id")

    await guest_messages.advance(NOON)

    assert await value("select count(*) from message") == 0
    [row] = await fetch("select attempts, due_at from guest_message")
    assert row["attempts"] == 1
    assert row["due_at"] > NOON


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["confirmed", "waiting", "offered", "changed", "cancelled", "reminder", "lapsed"])
def test_there_are_words_for_everything_that_guests_are_told(kind, language):
    words = guest_words.of(kind, language)

    assert all((words.subject, words.text, words.sms))
    assert set(unknown_places(words.subject + words.text + words.sms)) <= {"until"}
