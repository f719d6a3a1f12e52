"""What leaves the house: mails that any reader can read, the way out in each of them, signed SMS, calls of the gateway that are believed."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP, default
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.invitations import tokens, writing
from campaigns.invitations.writing import Occasion, Recipient, Wording
from campaigns.senders import mime, signing
from campaigns.senders.letters import CalendarFile, Letter
from tests.campaigns.test_contact_rules import USUAL

AT = datetime(2025, 8, 29, 4, tzinfo=UTC)
MESSAGE = UUID("01990000-0000-7000-8000-000000000001")
WORDS = {
    "zh-Hans": Wording(subject="{event} 邀请函", text="{name}，您好：\n\n诚邀您参加 {event}。\n\n{link}"),
    "en": Wording(subject="You are invited: {event}", text="Dear {name},\n\nyou are invited to {event}.\n\n{link}"),
}
WANG, OCCASION = Recipient("wang@example.com", "王先生"), Occasion(event="联合品鉴会", brands="问界")


def letter(language="zh-Hans", *, to=WANG, **changed):
    wording = msgspec.structs.replace(WORDS[language], **changed)
    return writing.mail(wording, message=MESSAGE, to=to, language=language, occasion=OCCASION, sender="问界")


def parsed(one):
    return message_from_bytes(
        mime.written(one, sender="Marquee <hello@marquee.test>", at=AT).as_bytes(), policy=default
    )


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_a_mail_is_read_back_with_its_text_and_its_html_and_without_a_defect(language):
    mail = parsed(letter(language))

    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert not [part.defects for part in mail.walk() if part.defects]
    assert mail["Subject"] == WORDS[language].subject.replace("{event}", "联合品鉴会")
    assert "王先生" in mail.get_body(("plain",)).get_content()
    assert "王先生" in mail.get_body(("html",)).get_content()
    assert (mail["From"].addresses[0].display_name, mail["To"]) == ("问界", "wang@example.com")
    assert mail["Message-ID"] == f"<{MESSAGE}@127.0.0.1>"
    assert mail["Date"].datetime == AT
    raw = mime.written(letter(language), sender="hello@marquee.test", at=AT).as_bytes(policy=SMTP)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()


@pytest.mark.parametrize(
    "typed",
    [
        "中奖 evil.example", "王建国 http://x", "请加微信 abc@x", "Call 13800000000", "ＥＶＩＬ．ＥＸＡＭＰＬＥ", "第一行\n第二行",
        "王\u202e建国", "恭喜" * 16, "a。cn", "王:建国", "电话１３８", "a/b",
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_what_a_stranger_typed_for_the_receiver_to_read_is_no_name(typed, language):
    assert writing.salutation(typed, language) == writing.NOBODY[language]


@pytest.mark.parametrize("name", ["王先生", "阿凡提·买买提", "Ms. Alexandra O’Neill-Smith", "欧阳娜娜"])
def test_a_name_is_greeted_as_it_was_given(name):
    assert writing.salutation(f" {name} ", "zh-Hans") == name


def test_a_mailbox_can_unsubscribe_with_one_click():
    one = letter()
    mail = parsed(one)

    assert mail["List-Unsubscribe"].strip() == f"<{one.unsubscribe}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert one.unsubscribe in mail.get_body(("plain",)).get_content()
    assert one.unsubscribe in mail.get_body(("html",)).get_content()


def test_a_message_about_a_registration_carries_its_calendar_and_no_way_out():
    told = Letter(
        message=MESSAGE,
        channel="email",
        to="a@example.com",
        language="en",
        text="See you",
        subject="Soon",
        calendar=CalendarFile(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "REQUEST"),
    )
    mail = parsed(told)

    assert mail["List-Unsubscribe"] is None
    [calendar] = list(mail.iter_attachments())
    assert (calendar.get_content_type(), calendar.get_filename()) == ("text/calendar", "event.ics")
    assert calendar["content-type"].params["method"] == "REQUEST"
    assert "BEGIN:VCALENDAR" in calendar.get_content()


def test_what_fills_a_placeholder_is_never_markup_and_never_a_header():
    nasty = Occasion(event="<i>Evening</i>\r\nBcc: all@example.com")
    wording = Wording(subject="To {event}", text="x", html="<p>{name} to {event}</p>")
    to = Recipient("a@example.com", "<b>Eve<b>")
    mail = parsed(writing.mail(wording, message=MESSAGE, to=to, language="en", occasion=nasty, sender="AITO"))

    assert "&lt;i&gt;Evening" in mail.get_body(("html",)).get_content()
    assert "&lt;b&gt;Eve" in mail.get_body(("html",)).get_content()
    assert mail["Bcc"] is None


def test_an_sms_is_signed_and_says_how_to_stop_it():
    words = {"zh-Hans": Wording(text="{name}，诚邀您参加{event}"), "en": Wording(text="{name}, come to {event}")}

    said = [
        writing.sms(one, message=MESSAGE, to=WANG, language=language, occasion=OCCASION, rules=USUAL).text
        for language, one in words.items()
    ]

    assert said == [
        "【联盟】王先生，诚邀您参加联合品鉴会，拒收请回复R",
        "[Alliance] 王先生, come to 联合品鉴会 Reply R to opt out",
    ]


def test_a_placeholder_that_nobody_fills_is_found():
    assert writing.unknown_places("{name} {nmae} {link} {}") == ["", "nmae"]


@given(st.uuids(), st.integers(0, tokens.LENGTH - 1), st.sampled_from("ABCabc019-_"))
def test_a_token_opens_its_own_kind_of_link_and_a_changed_one_nothing(message, place, sign):
    token = tokens.made("unsubscribe", message)
    changed = token[:place] + sign + token[place + 1 :]

    assert tokens.read("unsubscribe", token) == message
    assert tokens.read("link", token) is None
    assert changed == token or tokens.read("unsubscribe", changed) is None


@pytest.mark.parametrize("token", ["", "x", "x" * 38, "中" * 38, "A" * 5000, "%00" * 10])
def test_what_is_no_token_is_none(token):
    assert tokens.read("link", token) is None


def test_a_signed_body_is_believed_for_five_minutes_and_a_changed_byte_never():
    body = b'{"from": "+8613800000000", "text": "R"}'
    told = signing.headers("secret", body, at=AT)

    assert signing.is_ours("secret", body, told, at=AT + timedelta(minutes=5))
    assert not signing.is_ours("secret", body, told, at=AT + timedelta(minutes=5, seconds=1))
    assert not signing.is_ours("secret", body + b" ", told, at=AT)
    assert not signing.is_ours("other", body, told, at=AT)
    assert not signing.is_ours("secret", body, {}, at=AT)
    assert not signing.is_ours("secret", body, told | {signing.TIMESTAMP: "9" * 40}, at=AT)


def test_the_signature_is_what_a_gateway_reckons_by_itself():
    import hashlib
    import hmac

    told = signing.headers("secret", b"{}", at=AT)

    by_hand = hmac.new(b"secret", f"{int(AT.timestamp())}.".encode() + b"{}", hashlib.sha256).hexdigest()
    assert told[signing.SIGNATURE] == by_hand


def test_neither_a_letter_nor_a_recipient_prints_whom_it_is_for():
    assert "wang" not in repr(letter()) + repr(WANG)
